import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Model, Target } from "../exchange/model.ts";
import { candidatesOf as candidatesThat } from "./candidates.ts";
import { choose as chooseAll } from "./choose.ts";

function target(name: string): Target {
  return { name, cluster: name, region: name, provider: "sim", format: "openai-chat" };
}

/** `{ v1: [90, "us", "eu"] }`: versions with their weight and targets. */
type Shape = { readonly [version: string]: readonly [weight: number, ...targets: string[]] };

function model(versions: Shape, more: Partial<Model> = {}): Model {
  return {
    name: "large",
    stage: "active",
    versions: Object.entries(versions).map(([name, [weight, ...targets]]) => ({
      name,
      weight,
      targets: targets.map(target),
    })),
    ...more,
  };
}

const ANY = () => true;
const candidatesOf = (of: Model) => candidatesThat(of, ANY);
/** The best of them. */
const choose = (of: Model, permitted: readonly string[] | undefined, subject: string) =>
  chooseAll(of, permitted, subject, ANY)[0];

const SPLIT: Shape = { v1: [90, "us", "eu"], v2: [10, "us", "eu"] };
const subjects = (count: number) => Array.from({ length: count }, (_, index) => `acme/user-${index}`);
const versionOf = (of: Model, subject: string, permitted?: readonly string[]) =>
  choose(of, permitted, subject)?.version.name;

test("lists every version on every target in the order of the registry", () => {
  const listed = candidatesOf(model({ v1: [1, "us", "eu"], v2: [0, "eu"] }));
  assert.deepEqual(
    listed.map(({ version, target: { name } }) => [version.name, name]),
    [
      ["v1", "us"],
      ["v1", "eu"],
      ["v2", "eu"],
    ],
  );
});

test("gives a tenth of 500 subjects to the version with a tenth of the weight, give or take half", () => {
  for (const name of ["large", "sim-large", "another"]) {
    const moved = subjects(500).filter(
      (subject) => versionOf(model(SPLIT, { name }), subject) === "v2",
    ).length;
    assert.ok(moved >= 25 && moved <= 75, `${moved} of 500`);
  }
});

test("follows the weights closely over many subjects", () => {
  const of = model({ a: [50, "us"], b: [30, "us"], c: [20, "us"] });
  const counts = new Map<string, number>();
  for (const subject of subjects(20_000)) {
    const version = versionOf(of, subject) ?? "none";
    counts.set(version, (counts.get(version) ?? 0) + 1);
  }
  // Six standard deviations of a binomial draw of 20,000.
  for (const [version, share] of [
    ["a", 0.5],
    ["b", 0.3],
    ["c", 0.2],
  ] as const) {
    const deviation = Math.abs((counts.get(version) ?? 0) - share * 20_000);
    assert.ok(deviation < 6 * Math.sqrt(20_000 * share * (1 - share)), `${version}: ${deviation} off`);
  }
});

test("splits models independently of each other", () => {
  const both = subjects(2_000).filter((subject) =>
    ["one", "two"].every((name) => versionOf(model(SPLIT, { name }), subject) === "v2"),
  );
  assert.ok(both.length < 60, `${both.length} of 2000 are in the tenth of both`);
});

const weight = fc.integer({ min: 0, max: 10_000 });
const targets = fc.uniqueArray(fc.constantFrom<string[]>("us", "eu", "ap"), { minLength: 1 });
const shape: fc.Arbitrary<Shape> = fc
  .uniqueArray(fc.tuple(fc.constantFrom("v1", "v2", "v3", "v4"), weight, targets), {
    selector: ([name]) => name,
  })
  .map((versions) =>
    Object.fromEntries(versions.map(([name, share, names]) => [name, [share, ...names] as const])),
  );

test("chooses the same for the same subject, and only what is permitted and has weight", () => {
  fc.assert(
    fc.property(
      shape,
      fc.option(targets, { nil: undefined }),
      fc.string(),
      (versions, permitted, subject) => {
        const chosen = choose(model(versions), permitted, subject);
        assert.deepEqual(choose(model(versions), permitted, subject), chosen);
        const possible = candidatesOf(model(versions)).filter(
          (candidate) => candidate.version.weight > 0 && (permitted?.includes(candidate.target.name) ?? true),
        );
        if (chosen === undefined) assert.deepEqual(possible, []);
        else
          assert.ok(
            possible.some(
              (one) => one.version.name === chosen.version.name && one.target.name === chosen.target.name,
            ),
          );
      },
    ),
  );
});

test("moves no subject whose version still has a permitted target", () => {
  fc.assert(
    fc.property(shape, targets, fc.string(), (versions, permitted, subject) => {
      const before = choose(model(versions), undefined, subject);
      const still = before?.version.targets.some(({ name }) => permitted.includes(name));
      fc.pre(before !== undefined && still === true);
      assert.equal(versionOf(model(versions), subject, permitted), before.version.name);
    }),
  );
});

test("moves subjects only to a version whose weight grows, and only away from one whose weight shrinks", () => {
  fc.assert(
    fc.property(
      shape,
      fc.constantFrom("v1", "v2", "v3", "v4"),
      weight,
      fc.string(),
      (versions, name, next, subject) => {
        const [share, ...names] = versions[name] ?? [];
        fc.pre(share !== undefined);
        const before = versionOf(model(versions), subject);
        const after = versionOf(model({ ...versions, [name]: [next, ...names] }), subject);
        if (before !== after) assert.equal(next > share ? after : before, name);
      },
    ),
  );
});

test("takes the first target in policy's order of preference", () => {
  const of = model(SPLIT);
  assert.equal(choose(of, ["eu", "us"], "s")?.target.name, "eu");
  assert.equal(choose(of, ["us", "eu"], "s")?.target.name, "us");
  assert.equal(choose(of, ["nowhere", "eu", "us", "eu"], "s")?.target.name, "eu");
  assert.equal(choose(of, ["us", "eu", "us"], "s")?.target.name, "us");
  assert.equal(choose(of, undefined, "s")?.target.name, "us");
});

test("chooses nothing where nothing is permitted, drawn or in service", () => {
  assert.equal(choose(model(SPLIT), [], "s"), undefined);
  assert.equal(choose(model(SPLIT), ["nowhere", "__proto__", "US"], "s"), undefined);
  assert.equal(choose(model({ v1: [0, "us"] }), undefined, "s"), undefined);
  assert.equal(choose(model({ v1: [0, "us"], v2: [1, "eu"] }), ["us"], "s"), undefined);
  assert.equal(choose(model({}), undefined, "s"), undefined);
});

test("never chooses a retired model", () => {
  assert.equal(choose(model(SPLIT, { stage: "retired" }), undefined, "s"), undefined);
  assert.deepEqual(candidatesOf(model(SPLIT, { stage: "retired" })), []);
});

test("gives what a second attempt may turn to: the same version, in policy's order", () => {
  const of = model(SPLIT);
  for (const subject of subjects(50)) {
    const chosen = chooseAll(of, ["eu", "nowhere", "us"], subject, ANY);
    assert.deepEqual(
      chosen.map(({ target: { name } }) => name),
      ["eu", "us"],
    );
    assert.equal(new Set(chosen.map(({ version }) => version)).size, 1);
  }
});

test("leaves out targets that cannot serve the request, before a version is drawn", () => {
  const of = model({ v1: [10_000, "us"], v2: [1, "eu"] });
  const inEurope = ({ name }: Target) => name === "eu";
  assert.deepEqual(
    candidatesThat(of, inEurope).map(({ version }) => version.name),
    ["v2"],
  );
  for (const subject of subjects(20))
    assert.deepEqual(
      chooseAll(of, undefined, subject, inEurope).map(({ target: { name } }) => name),
      ["eu"],
    );
  assert.deepEqual(chooseAll(of, ["us"], "s", inEurope), []);
});
