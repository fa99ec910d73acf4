import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { compileBundle, withFolder } from "../../test/support/rego.ts";
import { type Asked, writeLog } from "../../test/support/replay-log.ts";
import { runCommand } from "../../test/support/run-command.ts";
import { explainCommand } from "../cli/explain.ts";
import { type LoggedDecision, readDecisionLog } from "../decision-log/read.ts";
import { loadNamedPolicies } from "../policy/load.ts";
import { CHANGES_PER_PATH_MAX, whatIf } from "./counterfactual.ts";
import { type Explanation, TARGETS_MAX } from "./explain.ts";
import { DECISIONS_MAX } from "./find.ts";
import { INPUTS_MAX, inputsOf, shownText, VALUE_CHARS_MAX } from "./inputs.ts";

const ENTRYPOINT = "acme/decision";
const HEAD = `package acme

default decision := {"allow": true, "reasons": []}

decision := {"allow": false, "reasons": [r | some r in reasons]} if count(reasons) > 0

reason(code) := {"code": code, "kind": "permission", "message": "no", "policy": "a/b", "severity": "error"}
`;

async function explained(rego: string, asked: Asked["input"], more: object = {}): Promise<Explanation> {
  return withFolder(async (folder) => {
    const bundle = join(folder, "bundle.tar.gz");
    await writeFile(
      bundle,
      await compileBundle({ "a.rego": rego, "data.json": '{"regions":["eu"],"roles":["admin"]}' }, [
        ENTRYPOINT,
      ]),
    );
    const log = join(folder, "log.jsonl");
    const [id = assert.fail()] = await writeLog(log, bundle, [
      { entrypoint: ENTRYPOINT, input: asked, more: more as NonNullable<Asked["more"]> },
    ]);
    const args = [id, "--decisions", log, "--audit", folder, "--bundle", bundle, "--format", "json"];
    const { stdout, status } = await runCommand(explainCommand(), args);
    assert.equal(status, 0);
    return JSON.parse(stdout) as Explanation;
  });
}

test("finds the number nearest to the one that was denied, in either direction", async () => {
  const rego = `${HEAD}
reasons contains reason("large") if input.n > 1234

reasons contains reason("small") if input.m < 77
`;
  const large = await explained(rego, { n: 1_000_000, m: 100 });
  assert.deepEqual(large.decisions[0]?.whatIf?.changes, [
    "input.n: at most 1234 in place of 1000000",
    "input.n: leave it out",
  ]);
  const small = await explained(rego, { n: 1, m: 3 });
  assert.equal(small.decisions[0]?.whatIf?.changes[0], "input.m: at least 77 in place of 3");
});

test("says that no single change helps, and what makes each reason go away", async () => {
  const rego = `${HEAD}
reasons contains reason("role") if not "admin" in input.identity.roles

reasons contains reason("region") if not input.region in data.regions

reasons contains reason("never") if input.phase
`;
  const { decisions } = await explained(rego, { phase: "request", identity: { roles: [] }, region: "us" });
  const { changes, reasons, cutShort } = decisions[0]?.whatIf ?? assert.fail();
  assert.deepEqual(changes, []);
  assert.equal(cutShort, false);
  assert.deepEqual(reasons.map(({ code, change }) => [code, change]).sort(), [
    ["never", undefined],
    ["region", 'input.region: "eu"'],
    ["role", 'input.identity.roles: add "admin"'],
  ]);
});

test("does not take what the log does not hold for what would have to change", async () => {
  const rego = `${HEAD}
reasons contains reason("body") if not input.request.body.ok
`;
  const more = { erased: ["/input/request/body"] };
  const { decisions, missing } = await explained(rego, { request: {} }, more);
  assert.equal(decisions[0]?.whatIf, undefined);
  assert.equal(decisions[0]?.again, undefined);
  assert.ok(
    missing.some((text) => text.includes("reads the body")),
    missing.join("\n"),
  );
  const [input] = decisions[0]?.rules[0]?.inputs ?? [];
  assert.deepEqual(input, { path: "input.request.body.ok", notRecorded: true });
});

test("asks about so many targets and reports so many changes of one path", async () => {
  const rego = `${HEAD}
reasons contains object.union(reason("no_permitted_target"), {"message": concat(",", [t.name | some t in input.targets])}) if {
	not "x" in input.targets
	not startswith(input.place, "name")
}
`;
  const targets = Array.from({ length: TARGETS_MAX + 3 }, (_, n) => ({ name: `t${n}` }));
  const model = { places: Array.from({ length: 20 }, (_, n) => `name${n}`) };
  const { decisions } = await explained(rego, { targets, model, place: "here" });
  const { forbidden } = decisions[0]?.targets ?? assert.fail();
  assert.equal(forbidden.length, TARGETS_MAX);
  assert.deepEqual(forbidden[1], { target: "t1", why: "a/b: t1" });
  const places = decisions[0]?.whatIf?.changes.filter((change) => change.startsWith("input.place:"));
  assert.equal(places?.length, CHANGES_PER_PATH_MAX);
});

test("stops at its number of evaluations and at its time, and says so", () =>
  withFolder(async (folder) => {
    const bundle = join(folder, "bundle.tar.gz");
    const rego = `${HEAD}
reasons contains reason("never") if input.name

reasons contains reason("never") if not input.name
`;
    const data = JSON.stringify({ names: Array.from({ length: 150 }, (_, n) => `name${n}`) });
    await writeFile(bundle, await compileBundle({ "a.rego": rego, "data.json": data }, [ENTRYPOINT]));
    const log = join(folder, "log.jsonl");
    await writeLog(log, bundle, [{ entrypoint: ENTRYPOINT, input: { name: "x" } }]);
    let decision: LoggedDecision | undefined;
    for await (const each of readDecisionLog(log, { onUnreadable: () => assert.fail() })) decision = each;
    const named = await (await loadNamedPolicies(bundle, () => {})).of(ENTRYPOINT);
    assert.ok(named !== undefined && decision !== undefined);
    const known = { documents: [JSON.parse(data)], models: [] };
    const of = (evaluations: number, ms: number) =>
      whatIf(named, ENTRYPOINT, decision as LoggedDecision, known, { evaluations, ms });
    assert.deepEqual([of(20, 60_000).evaluations, of(20, 60_000).cutShort], [20, true]);
    assert.deepEqual([of(2_000, 0).evaluations, of(2_000, 0).cutShort], [0, true]);
    assert.deepEqual([of(2_000, 60_000).evaluations, of(2_000, 60_000).cutShort], [152, false]);
  }));

test("shows neither secrets nor bodies, and cuts long values", () => {
  const input = {
    request: { body: { a: "prompt" }, path: "/v1?key=sesame", parsed_query: { key: ["sesame"] } },
    attributes: { request: { http: { headers: { authorization: "sesame", cookie: "sesame", "x-a": "b" } } } },
    identity: { claims: { access_token: "sesame", client_secret: "sesame", sub: "s" } },
    inference: { max_output_tokens: 7 },
    long: "x".repeat(VALUE_CHARS_MAX),
  };
  const decision = { input: Buffer.from(JSON.stringify(input)), changed: [] } as unknown as LoggedDecision;
  const shown = JSON.stringify(inputsOf(true, decision));
  assert.ok(!/sesame|prompt/.test(shown), shown);
  const values = new Map(inputsOf(true, decision).map(({ path, value }) => [path, value]));
  assert.equal(values.get("input.request.body"), "(hidden)");
  assert.equal(values.get("input.request.path"), '"/v1"');
  assert.equal(values.get("input.inference.max_output_tokens"), "7");
  assert.equal(values.get("input.long")?.length, VALUE_CHARS_MAX + 1);
  assert.equal(shownText("sesame", ["request", "headers", "x-api-key"]), "(hidden)");
  const many = {
    input: Buffer.from(JSON.stringify(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [n, n])))),
  };
  assert.equal(inputsOf(true, { ...decision, ...many }).length, INPUTS_MAX);
});

test("does not guess keys and passwords from the data of the bundle", async () => {
  const rego = `${HEAD}
reasons contains reason("key") if not input.headers["x-api-key"] in data.roles

reasons contains reason("key") if not input.headers["x-api-key"]
`;
  const explanation = await explained(rego, { headers: { "x-api-key": "wrong" } });
  const { whatIf: found } = explanation.decisions[0] ?? assert.fail();
  assert.deepEqual(found?.changes, []);
  assert.deepEqual(found?.reasons, [{ code: "key", policy: "a/b" }]);
  assert.ok(!/admin|wrong/.test(JSON.stringify(explanation)));
});

test("says what to configure where there is no log of decisions and no bundle", () =>
  withFolder(async (folder) => {
    const log = join(folder, "log.jsonl");
    const id = randomUUID();
    const event = {
      decision_id: id,
      path: "a/b",
      timestamp: "2026-01-01T00:00:00Z",
      result: { allow: false },
      bundles: { main: { revision: "r1" }, limits: {} },
    };
    const lines = Array.from({ length: DECISIONS_MAX + 5 }, (_, n) => ({
      ...event,
      timestamp: `2026-01-01T00:00:${n + 10}Z`,
    }));
    const hostile = '{"decision_id":"__proto__","path":"a","__proto__":{"x":1}}\n{"decision_id":';
    await writeFile(
      log,
      `${[...lines, lines[0]].map((line) => JSON.stringify(line)).join("\n")}\n${hostile}`,
    );
    const run = (...args: string[]) => runCommand(explainCommand(), [...args, "--audit", folder]);
    const { stdout, status } = await run(id, "--decisions", log);
    assert.equal(status, 0);
    assert.match(stdout, /name the one that decided with --bundle/);
    assert.match(stdout, /name the configuration with -c/);
    assert.equal(stdout.match(/^a\/b: deny/gm)?.length, DECISIONS_MAX);
    assert.match(
      stdout,
      /^a\/b: deny \(.*log\.jsonl:1, bundle main r1, bundle limits without a revision\)$/m,
    );
    assert.equal((await run("__proto__", "--decisions", log)).status, 0);
    const nowhere = await run(id);
    assert.equal(nowhere.status, 3);
    assert.match(nowhere.failure ?? "", /set decisionLogs\.dir, or name a log with --decisions/);
  }));
