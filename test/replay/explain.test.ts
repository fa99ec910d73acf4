/** Decisions of a running stack behind a real Envoy are explained, and made again with other policies. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { explainCommand } from "../../src/cli/explain.ts";
import { replayCommand } from "../../src/cli/replay.ts";
import type { Explanation } from "../../src/explain/explain.ts";
import { type Stack, startStack } from "../../src/local/stack.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import type { ReplayReport } from "../../src/replay/report.ts";
import { DEMO_BUNDLE } from "../policies/policies.ts";
import { writeSources } from "../support/rego.ts";
import { runCommand } from "../support/run-command.ts";

const ENTRYPOINTS = ["regent/request/decision", "regent/response/decision", "envoy/authz/allow"];
/** The budget of 2,000 tokens an hour ends well before. */
const CALLS_MAX = 30;

/** A rule more: one tenant is refused. */
const CLOSED = `# METADATA
# title: Closed tenants
package regent.rules.local.closed

import data.regent.lib.result

deny contains result.denial("tenant_closed", "permission", "Closed.") if {
	input.phase == "request"
	input.identity.tenant == "acme"
}
`;

type Answered = { readonly id: string; readonly status: number };

describe("decisions behind a real Envoy", () => {
  let folder: string;
  let stack: Stack;
  let bundle: string;
  let stricter: string;
  const made: { [what: string]: Answered } = {};
  let acmeAllowed = 0;

  async function chat(key: string, model: string, text = "Hello", maxTokens = 16): Promise<Answered> {
    const response = await fetch(`${stack.origin}/v1/chat/completions`, {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json" },
      body: JSON.stringify({ model, max_tokens: maxTokens, messages: [{ role: "user", content: text }] }),
    });
    await response.arrayBuffer();
    return { id: response.headers.get("x-regent-decision-id") ?? "", status: response.status };
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "regent-explain-"));
    bundle = join(folder, "same.tar.gz");
    stricter = join(folder, "stricter.tar.gz");
    await buildBundle({ ...DEMO_BUNDLE, output: bundle, entrypoints: ENTRYPOINTS });
    await writeSources(join(folder, "more"), { "regent/rules/local/closed.rego": CLOSED });
    const paths = [...DEMO_BUNDLE.paths, join(folder, "more")];
    await buildBundle({ ...DEMO_BUNDLE, paths, output: stricter, entrypoints: ENTRYPOINTS });
    stack = await startStack({
      dir: join(folder, "stack"),
      ...{ port: 0, adminPort: 0, probesPort: 0, grpcPort: 0 },
      onStep: () => {},
    });
    made.role = await chat("demo-acme-analyst", "sim-frontier");
    made.residency = await chat("demo-globex-analyst", "sim-legacy");
    for (; acmeAllowed < 3; acmeAllowed++) made.allowed = await chat("demo-acme-analyst", "sim-small");
    for (let call = 0; call < CALLS_MAX && made.budget?.status !== 429; call++)
      made.budget = await chat("demo-initech-analyst", "sim-small", "[[say:256]]", 256);
    // Its end writes what it has not written yet.
    await stack.stop();
  });

  after(async () => {
    await stack?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function explained(what: string, ...args: string[]): Promise<{ text: string; json: Explanation }> {
    const id = made[what]?.id ?? assert.fail(what);
    const named = [id, "-c", join(folder, "stack", "regent.yaml"), "--bundle", bundle, ...args];
    const [pretty, json] = [
      await runCommand(explainCommand(), named),
      await runCommand(explainCommand(), [...named, "--format", "json"]),
    ];
    assert.deepEqual([pretty.status, json.status], [0, 0]);
    return { text: pretty.stdout, json: JSON.parse(json.stdout) as Explanation };
  }

  const governed = ({ decisions }: Explanation) =>
    decisions.find(({ entrypoint }) => entrypoint === "regent/request/decision") ??
    assert.fail("no decision");

  test("a refusal by role names the role, the other models and what the rule read", async () => {
    assert.equal(made.role?.status, 403);
    const { text, json } = await explained("role");
    assert.match(text, /^ {2}deny, status 403/m);
    assert.match(text, /rule: Models by role\. Refuses a model/);
    assert.match(text, /^ {4}input\.identity\.roles = \["analyst"\]$/m);
    const { changes } = governed(json).whatIf ?? assert.fail();
    assert.equal(changes[0], 'input.identity.roles: add "admin"');
    assert.ok(changes.includes('input.inference.model: use the model "sim-large"'), changes.join("\n"));
    assert.ok(!changes.some((change) => change.includes("sim-ancient")), changes.join("\n"));
    assert.equal(governed(json).again?.same, true);
  });

  test("a refusal by residency names the forbidden target and why", async () => {
    assert.equal(made.residency?.status, 503);
    const { json } = await explained("residency");
    const { targets, whatIf } = governed(json);
    assert.deepEqual(
      targets.forbidden.map(({ target }) => target),
      ["sim-us"],
    );
    assert.match(targets.forbidden[0]?.why ?? "", /data of globex must stay in eu/);
    assert.ok(
      whatIf?.changes.includes('input.targets: sim-us in the region "eu"'),
      whatIf?.changes.join("\n"),
    );
  });

  test("a refusal by budget shows the arithmetic, which adds up", async () => {
    assert.equal(made.budget?.status, 429);
    const { text, json } = await explained("budget");
    const [budget] = governed(json).budgets;
    assert.ok(budget !== undefined && !budget.fits);
    assert.equal(budget.limit, 2000);
    assert.equal(budget.limit - budget.used - budget.reserved, budget.left);
    assert.ok(budget.wanted > budget.left && budget.used > 0);
    // As Regent itself told the caller.
    const told = json.reasons.find(({ code }) => code === "budget_exceeded")?.message ?? "";
    assert.ok(told.includes(`may use ${budget.wanted} tokens, and ${budget.left} of 2000`), told);
    assert.equal(Date.parse(budget.windowEnds ?? "") % 3_600_000, 0);
    assert.match(text, /DOES NOT FIT/);
    assert.match(text, /it would fit with: ask again after /);
    assert.match(text, /advice: The message says what is left/);
  });

  test("an allow says where it went and what it was charged", async () => {
    assert.equal(made.allowed?.status, 200);
    const { text, json } = await explained("allowed");
    assert.match(text, /charged +\d+ tokens.*: the model server reported \d+ of input and \d+ of output/);
    assert.match(text, /sent to +model sim-small/);
    assert.match(text, /timing +total [\d.]+ ms/);
    assert.equal(governed(json).whatIf, undefined);
    assert.ok(!text.includes("Hello"));
  });

  test("another bundle says loudly that it decides otherwise", async () => {
    const { text } = await explained("allowed", "--bundle", stricter);
    assert.match(text, /THIS BUNDLE DECIDES OTHERWISE: deny/);
  });

  test("an id that nobody has is not found", async () => {
    const { status, failure } = await runCommand(explainCommand(), [
      "no-such-id",
      "-c",
      join(folder, "stack", "regent.yaml"),
    ]);
    assert.equal(status, 3);
    assert.match(failure ?? "", /there is no decision "no-such-id": The audit log in .* has no record of it/);
  });

  async function replayed(path: string): Promise<{ report: ReplayReport; status: number }> {
    const { stdout, status } = await runCommand(replayCommand(), [
      stack.decisionsDir,
      "--bundle",
      path,
      "--format",
      "json",
    ]);
    return { report: JSON.parse(stdout) as ReplayReport, status };
  }

  test("the policies that decided decide the same again", async () => {
    const { report, status } = await replayed(bundle);
    assert.deepEqual(report.flips, { newly_denied: 0, newly_allowed: 0, changed: 0, error: 0 });
    assert.deepEqual([report.notReplayed, report.unreadable.count, status], [{}, 0, 0]);
    assert.equal(report.same, report.decisions);
  });

  test("policies that refuse one tenant more flip exactly its decisions", async () => {
    const { report, status } = await replayed(stricter);
    assert.deepEqual(report.flips, { newly_denied: acmeAllowed, newly_allowed: 0, changed: 1, error: 0 });
    assert.equal(status, 2);
    assert.deepEqual(
      report.groups.map(({ rule, tenant, counts }) => [rule, tenant, counts.newly_denied, counts.changed]),
      [["local/closed", "acme", acmeAllowed, 1]],
    );
  });
});
