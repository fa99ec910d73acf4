import assert from "node:assert/strict";
import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { asJson, chatDocument, demoRegistry } from "../../test/policies/documents.ts";
import { DEMO_BUNDLE } from "../../test/policies/policies.ts";
import { compileBundle, withFolder, writeSources } from "../../test/support/rego.ts";
import { type Asked, writeLog } from "../../test/support/replay-log.ts";
import { runCommand } from "../../test/support/run-command.ts";
import { replayCommand } from "../cli/replay.ts";
import { loadNamedPolicies, SOURCE_ENTRYPOINTS_MAX } from "../policy/load.ts";
import { buildBundle } from "../policy/opa/build.ts";
import { REMEMBERED_MAX, replay } from "./replay.ts";
import { EXAMPLES_MAX, FLIPS_MAX, GROUPS_MAX, OTHERS, type ReplayReport, ReplayTally } from "./report.ts";

const RULES = `package acme

default decision := {"allow": true, "reasons": []}

decision := {"allow": false, "reasons": [r | some r in reasons]} if count(reasons) > 0

reasons contains {"code": "role", "kind": "permission", "message": "no", "policy": "acme/role", "severity": "error"} if {
	not "admin" in input.identity.roles
}

reasons contains {"code": "tenant", "kind": "permission", "message": "no", "policy": "acme/tenant", "severity": "error"} if {
	input.identity.tenant in BANNED
}
`;
const sourcesBanning = (...tenants: string[]) =>
  RULES.replace("BANNED", JSON.stringify(["none", ...tenants]));

const ENTRYPOINT = "acme/decision";

function question(tenant: string, ...roles: string[]): Asked {
  return { entrypoint: ENTRYPOINT, input: { identity: { tenant, roles } } };
}

const QUESTIONS = [
  question("acme", "admin"),
  question("acme", "admin"),
  question("acme"),
  question("globex", "admin"),
  question("globex"),
];

type Bench = {
  readonly folder: string;
  readonly log: string;
  readonly ids: readonly string[];
  readonly bundleOf: (sources: string) => Promise<string>;
  readonly run: (...args: string[]) => Promise<{ report: ReplayReport; status: number }>;
};

/** A log that one bundle wrote, and a way to ask others. */
async function withLog(asked: readonly Asked[], rego: string, work: (bench: Bench) => Promise<void>) {
  await withFolder(async (folder) => {
    let made = 0;
    const bundleOf = async (sources: string) => {
      const path = join(folder, `bundle${made++}.tar.gz`);
      const entrypoints = [...new Set(asked.map(({ entrypoint }) => entrypoint))];
      await writeFile(path, await compileBundle({ "acme.rego": sources }, entrypoints));
      return path;
    };
    const log = join(folder, "log.jsonl");
    const ids = await writeLog(log, await bundleOf(rego), asked);
    const run = async (...args: string[]) => {
      const { stdout, status } = await runCommand(replayCommand(), [log, "--format", "json", ...args]);
      return { report: JSON.parse(stdout) as ReplayReport, status };
    };
    await work({ folder, log, ids, bundleOf, run });
  });
}

test("finds exactly the decisions that a bundle takes otherwise, by rule and tenant", () =>
  withLog(QUESTIONS, sourcesBanning(), async ({ log, ids, bundleOf, run }) => {
    const bundle = await bundleOf(sourcesBanning("acme"));
    const { report, status } = await run("--bundle", bundle);
    assert.equal(status, 2);
    assert.deepEqual(report.flips, { newly_denied: 2, newly_allowed: 0, changed: 1, error: 0 });
    assert.equal(report.replayed, 5);
    assert.equal(report.same, 2);
    assert.deepEqual(report.groups, [
      {
        rule: "acme/tenant",
        tenant: "acme",
        counts: { newly_denied: 2, newly_allowed: 0, changed: 1, error: 0 },
        examples: ids.slice(0, 3),
      },
    ]);
    assert.deepEqual(report.flipList[2]?.before, ["role"]);
    assert.deepEqual(report.flipList[2]?.now, ["role", "tenant"]);
    assert.equal(report.flipList[0]?.place, `${log}:1`);
    assert.equal((await run("--bundle", bundle, "--fail-on", "newly-allowed,error")).status, 2);
    assert.equal((await run("--bundle", bundle, "--fail-on", "newly-denied")).status, 3);
    const { stdout } = await runCommand(replayCommand(), [log, "--bundle", bundle]);
    assert.match(stdout, new RegExp(`^acme/tenant +acme +2 +0 +1 +0 +${ids.slice(0, 3).join(" ")}$`, "m"));
    assert.match(
      stdout,
      /^5 decisions, 5 decided again: 2 the same, 2 newly denied, 0 newly allowed, 1 changed, 0 errors$/m,
    );
    assert.match(stdout, /^one evaluation: p50 [\d.]+ ms/m);
  }));

test("finds what is newly allowed, and takes sources as well as bundles", () =>
  withLog(QUESTIONS, sourcesBanning("globex"), async ({ folder, ids, run }) => {
    await writeSources(join(folder, "sources"), { "acme.rego": sourcesBanning() });
    for (const path of [join(folder, "sources"), join(folder, "sources", "acme.rego")]) {
      const { report, status } = await run("--bundle", path);
      assert.equal(status, 2);
      assert.deepEqual(report.flips, { newly_denied: 0, newly_allowed: 1, changed: 1, error: 0 });
      assert.deepEqual(report.groups[0]?.examples, [ids[3], ids[4]]);
    }
  }));

test("looks only at the decisions that are asked for", () =>
  withLog(QUESTIONS, sourcesBanning(), async ({ bundleOf, run }) => {
    const bundle = await bundleOf(sourcesBanning("acme"));
    const looked = async (...args: string[]) => (await run("--bundle", bundle, ...args)).report.decisions;
    assert.equal(await looked("--tenant", "globex"), 2);
    assert.equal(await looked("--limit", "4"), 4);
    assert.equal(await looked("--since", "2026-01-01T00:02:00Z"), 4);
    assert.equal(await looked("--until", "2026-01-01T01:02:00+01:00"), 1);
    assert.equal(await looked("--entrypoint", ENTRYPOINT), 5);
    assert.equal(await looked("--entrypoint", "acme/other"), 0);
    assert.equal((await run("--bundle", bundle, "--tenant", "globex")).status, 0);
    for (const wrong of [
      ["--since", "yesterday"],
      ["--limit", "0"],
      ["--fail-on", "denied"],
    ])
      await assert.rejects(run("--bundle", bundle, ...wrong), /must be|is none of/);
  }));

test("says that nothing could be decided again instead of that nothing changes", () =>
  withLog(QUESTIONS, sourcesBanning(), async ({ folder, log, run }) => {
    const other = join(folder, "other.rego");
    await writeFile(other, "package other\n\nr := 1\n");
    const { report, status } = await run("--bundle", other);
    assert.equal(status, 3);
    assert.equal(report.notReplayed.entrypoint_absent?.count, 5);
    const ended = await runCommand(replayCommand(), [`${log}.absent`, "--bundle", other]);
    assert.equal(ended.status, 1);
    assert.match(ended.failure ?? "", /log\.jsonl\.absent cannot be read/);
    const failureOf = async (...args: string[]) => (await runCommand(replayCommand(), args)).failure;
    assert.equal(await failureOf(log, "--bundle", other), `nothing of ${log} could be decided again`);
    assert.equal(
      await failureOf(log, "--bundle", other, "--tenant", "nobody"),
      `${log} holds no decision that the options ask for`,
    );
    const empty = join(folder, "empty.jsonl");
    await writeFile(empty, "");
    assert.equal(await failureOf(empty, "--bundle", other), `${empty} holds no decision`);
    assert.equal(await failureOf(other, "--bundle", other), `${other} holds no decision that can be read`);
    await writeFile(empty, "no bundle");
    assert.match(
      (await failureOf(log, "--bundle", empty)) ?? "",
      /^the bundle .*empty\.jsonl cannot be used: it is not a whole gzip file: incorrect header check$/,
    );
  }));

test("no share of the evaluations takes longer than the longest", () => {
  const tally = new ReplayTally();
  for (const ms of [1, 1.5, 61]) tally.evaluated(ms, undefined);
  const { p50 = 0, p95, max } = tally.report.evaluationMs ?? {};
  assert.deepEqual([p95, max], [61, 61]);
  assert.ok(p50 >= 1.5 && p50 < 1.7, `${p50}`);
});

test("does not decide again what the log does not hold, and says why", () => {
  const base = { identity: { tenant: "acme", roles: ["admin"] } };
  const more = [
    { erased: ["/input/request/body"] },
    { erased: ["/input/identity/roles"] },
    { masked: ["/input/identity/tenant"] },
    { erased: ["/input"], input: undefined },
    { erased: ["/result"], result: undefined },
    { masked: ["/result/allow"] },
    { error: { code: "policy_trap", message: "x" } },
    { path: undefined, query: "data.acme.decision" },
    { erased: ["/result/reasons"], result: { allow: true } },
    { erased: ["/input/other"] },
  ];
  const asked = more.map((each) => ({
    entrypoint: ENTRYPOINT,
    input: base,
    more: each as Asked["more"] & object,
  }));
  return withLog(asked, sourcesBanning(), async ({ log, bundleOf, run }) => {
    await appendFile(log, `${(await readFile(log, "utf8")).split("\n").at(-2)}\n`);
    const narrow = (await run("--bundle", await bundleOf(sourcesBanning()))).report;
    const counts = Object.entries(narrow.notReplayed).map(([why, { count }]) => [why, count]);
    assert.deepEqual(Object.fromEntries(counts), {
      input_masked: 3,
      result_masked: 2,
      recorded_error: 1,
      no_entrypoint: 1,
      duplicate: 1,
    });
    // Bodies that the policy does not read, members it does not read, and parts of the result beside the verdict.
    assert.equal(narrow.replayed, 3);
    assert.equal(narrow.same, 3);
    const readsBody = sourcesBanning().replace('not "admin"', 'not input.request.body.x\n\tnot "admin"');
    const { report } = await run("--bundle", await bundleOf(readsBody));
    assert.equal(report.notReplayed.body_left_out?.count, 1);
  });
});

test("gives policies the times that they saw, and does not make up others", () => {
  const timed = 'package acme\n\ndecision := {"allow": time.now_ns() % 2 == 0, "at": time.now_ns()}\n';
  const random = 'package acme\n\ndecision := {"allow": rand.intn("x", 2) == 3, "at": time.now_ns()}\n';
  const asked = Array.from({ length: 8 }, () => ({ entrypoint: ENTRYPOINT, input: {} }));
  return withLog(asked, timed, async ({ bundleOf, run }) => {
    assert.deepEqual((await run("--bundle", await bundleOf(timed))).report.same, 8);
    const { report, status } = await run("--bundle", await bundleOf(random));
    assert.equal(report.notReplayed.nondeterministic_missing?.count, 8);
    assert.equal(status, 3);
  });
});

test("counts what fails now as an error, and what was undefined and is allowed now as newly allowed", () => {
  const asked = [{ entrypoint: ENTRYPOINT, input: { n: 1 } }];
  const conflict = "package acme\n\ndecision := x if {\n\tsome x in [true, false]\n\tinput.n\n}\n";
  return withLog(asked, "package acme\n\ndecision if input.m\n", async ({ bundleOf, run }) => {
    const allowed = await run("--bundle", await bundleOf("package acme\n\ndecision if input.n\n"));
    assert.deepEqual([allowed.report.flips.newly_allowed, allowed.status], [1, 2]);
    const failed = await run("--bundle", await bundleOf(conflict));
    assert.deepEqual([failed.report.flips.error, failed.status], [1, 3]);
    assert.match(failed.report.flipList[0]?.fault ?? "", /^policy_trap/);
  });
});

test("names the entrypoint where decisions give no reasons", () =>
  withLog(
    [{ entrypoint: "envoy/authz/allow", input: { attributes: {} } }],
    "package envoy.authz\n\nallow := true\n",
    async ({ bundleOf, run }) => {
      const { report } = await run("--bundle", await bundleOf("package envoy.authz\n\nallow := false\n"));
      assert.deepEqual(
        [report.groups[0]?.rule, report.groups[0]?.counts.newly_denied],
        ["envoy/authz/allow", 1],
      );
    },
  ));

test("the shipped policies decide alike what they have decided", async () => {
  const registry = await demoRegistry();
  const asked = ["default", "sim-large", "sim-frontier", "sim-ancient", "sim-legacy", "gpt-9"].flatMap(
    (model) =>
      ["acme", "globex", "initech", "umbrella"].flatMap((tenant) =>
        [[], ["analyst"], ["admin", "analyst"]].map((roles) => ({
          entrypoint: "regent/request/decision",
          input: asJson(chatDocument(registry, model, tenant, roles)),
        })),
      ),
  );
  await withFolder(async (folder) => {
    const bundle = join(folder, "demo.tar.gz");
    const entrypoints = ["regent/request/decision", "regent/response/decision"];
    await buildBundle({ ...DEMO_BUNDLE, output: bundle, entrypoints });
    const log = join(folder, "log.jsonl.gz");
    await writeLog(log, bundle, asked.slice(0, 72));
    await writeFile(log, gzipSync(`[${(await readFile(log, "utf8")).trim().split("\n").join(",")}]`));
    const report = await replay({ log, policies: await loadNamedPolicies(bundle, () => {}) });
    assert.deepEqual([report.decisions, report.same], [72, 72]);
  });
});

test("remembers, groups and lists only so much", () => {
  const tally = new ReplayTally();
  const flip = {
    ...{ kind: "changed" as const, place: "log:1", timestamp: "", entrypoint: "a", before: [], now: [] },
  };
  for (let n = 0; n <= Math.max(GROUPS_MAX, FLIPS_MAX); n++)
    tally.evaluated(1, { ...flip, decisionId: String(n), tenant: `t${n}`, rules: ["__proto__"] });
  const { groups, flips, flipList } = tally.report;
  assert.equal(groups.length, GROUPS_MAX + 1);
  assert.equal(flipList.length, FLIPS_MAX);
  assert.equal(flips.changed, Math.max(GROUPS_MAX, FLIPS_MAX) + 1);
  const [others] = groups;
  assert.deepEqual([others?.rule, others?.examples.length], [OTHERS, EXAMPLES_MAX]);
  assert.equal(
    groups.reduce((sum, { counts }) => sum + counts.changed, 0),
    flips.changed,
  );
});

test("compiles sources for so many entrypoints, and says what to do beyond", () =>
  withFolder(async (folder) => {
    await writeFile(join(folder, "a.rego"), "package a\n\nr := 1\n");
    const policies = await loadNamedPolicies(folder, () => {});
    assert.notEqual(await policies.of("a/r"), undefined);
    for (let n = 1; n < SOURCE_ENTRYPOINTS_MAX; n++) assert.equal(await policies.of(`a/r${n}`), undefined);
    assert.notEqual(await policies.of("a/r"), undefined);
    await assert.rejects(
      policies.of("a/s"),
      /build it with regent policy build, or name one with --entrypoint/,
    );
    await writeFile(join(folder, "b.rego"), "package b\n\nr := \n");
    await assert.rejects((await loadNamedPolicies(folder, () => {})).of("a/r"), { name: "OpaError" });
  }));

test("remembers the newest events only", () =>
  withFolder(async (folder) => {
    const log = join(folder, "log.jsonl");
    const event = (n: number) => `{"decision_id":"${n}","query":"q","timestamp":"t"}\n`;
    const lines = Array.from({ length: REMEMBERED_MAX + 1 }, (_, n) => event(n)).join("");
    await writeFile(log, `${lines}${event(REMEMBERED_MAX)}${event(0)}`);
    const report = await replay({ log, policies: { of: async () => undefined } });
    assert.deepEqual(report.notReplayed.duplicate?.examples, [String(REMEMBERED_MAX)]);
    assert.equal(report.notReplayed.no_entrypoint?.count, REMEMBERED_MAX + 2);
  }));
