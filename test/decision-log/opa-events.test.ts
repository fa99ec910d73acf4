import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createDecisionLog, type DecisionLog } from "../../src/decision-log/decision-log.ts";
import type { DecidingPolicies } from "../../src/decision-log/event.ts";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import { HOST_BUILTINS } from "../../src/policy/builtins/host.ts";
import { parseBundle } from "../../src/policy/bundle/bundle.ts";
import { findOpa, runOpa } from "../../src/policy/opa/opa.ts";
import { resultValue } from "../../src/policy/result.ts";
import { PolicyRevision } from "../../src/policy/revision.ts";
import { createService } from "../../src/services/index.ts";
import { type LogReceiver, startLogReceiver } from "../support/log-receiver.ts";
import { compileBundle } from "../support/rego.ts";

/** One policy for both: what it decides, and what of that may be logged. */
const SOURCES = {
  "acme.rego": `package acme

decision := {"allow": input.user == "alice", "token": input.password, "at": time.now_ns()} if not input.fail

broken := x if {
	some x in [1, 2]
	input.fail
}
`,
  "log.rego": `package system.log

mask contains "/input/password" if input.input.password

mask contains {"op": "upsert", "path": "/result/token", "value": "**"} if input.result.token

mask contains {"op": "upsert", "path": "/input/made/here", "value": [1]} if input.input.make

mask contains "/nd_builtin_cache/time.now_ns" if input.input.forget

mask contains "/input/list/1"

mask contains "/input/a b/ü" if input.input.escaped

mask contains "/result" if input.input.all

mask contains "/input" if input.input.all

drop if input.input.health
`,
};

const INPUTS: { readonly [what: string]: JsonValue } = {
  "a secret in the input and the result": { user: "alice", password: "sesame" },
  "a result that denies": { user: "bob", password: "x", number: 1.5, text: "<&>\u2028é" },
  "values put in": { user: "alice", password: "p", make: true },
  "a recorded value that is masked": { user: "alice", password: "p", forget: true },
  "an element that is removed": { user: "alice", password: "p", list: [1, 2, 3] },
  "all of it": { user: "alice", password: "p", all: true },
  "no input that counts": {},
  "an input that is a list": ["a", "b"],
};

describe("events of Regent and of OPA about the same decision", () => {
  let folder: string;
  let receiver: LogReceiver;
  let opa: ChildProcess;
  let regent: DecisionLog;
  let policies: DecidingPolicies;
  const socket = () => join(folder, "opa.sock");

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "regent-opa-"));
    receiver = await startLogReceiver();
    opa = await startOpa(folder, receiver.url);
    policies = await createPolicies();
    const service = createService({ name: "receiver", url: receiver.url });
    regent = await createDecisionLog({
      labels: { id: "regent", version: "0" },
      ndBuiltinCache: true,
      requestHeaders: ["X-Trial"],
      log: { info: () => {}, warn: () => {}, error: (_facts, message) => assert.fail(message) },
      upload: { service, backoffMs: () => 10, trigger: "manual" },
    });
  });

  after(async () => {
    await regent?.close();
    opa?.kill();
    if (opa?.exitCode === null) await once(opa, "exit");
    await receiver?.close();
    await rm(folder, { recursive: true });
  });

  /** The events that both send about one decision, and what both decided. */
  async function decide(
    input: JsonValue,
  ): Promise<{ readonly ours: JsonObject; readonly theirs: JsonObject }> {
    const { events } = receiver;
    const known = events.length;
    await askOpa(socket(), "/v1/data/acme/decision", input);
    await receiver.received(known + 1);
    const { result, durationMs, nondeterministic } = await policies.evaluate("acme/decision", input);
    regent.log({
      decisionId: crypto.randomUUID(),
      entrypoint: "acme/decision",
      input: Buffer.from(JSON.stringify(input)),
      result,
      ...(nondeterministic === undefined ? {} : { nondeterministic }),
      policies,
      timestamp: Date.now(),
      requestedBy: "@",
      requestId: 1,
      headers: new Map([["x-trial", ["yes"]]]),
      metrics: { timer_rego_query_eval_ns: Math.round(durationMs * 1e6), timer_server_handler_ns: 1 },
    });
    await regent.upload();
    await receiver.received(known + 2);
    const [theirs, ours] = events.slice(known);
    return { ours: ours ?? assert.fail(), theirs: theirs ?? assert.fail() };
  }

  for (const [what, input] of Object.entries(INPUTS)) {
    test(`are equal field by field: ${what}`, async () => {
      const { ours, theirs } = await decide(input);
      assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
      for (const name of ["path", "bundles", "input", "erased", "masked", "requested_by", "request_context"])
        assert.deepEqual(sorted(ours[name]), sorted(theirs[name]), name);
      assert.deepEqual(withoutTime(ours.result), withoutTime(theirs.result));
      assert.deepEqual(withoutTime(ours.nd_builtin_cache), withoutTime(theirs.nd_builtin_cache));
      for (const event of [ours, theirs]) {
        assert.match(String(event.timestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/);
        assert.match(String(event.decision_id), /^[0-9a-f-]{36}$/);
        assert.equal(typeof event.req_id, "number");
        const labels = event.labels as JsonObject;
        assert.deepEqual([typeof labels.id, typeof labels.version], ["string", "string"]);
        const metrics = event.metrics as JsonObject;
        for (const name of Object.keys(ours.metrics as JsonObject))
          assert.equal(typeof metrics[name], "number", name);
      }
    });
  }

  test("neither sends an event that the policy drops", async () => {
    const { ours, theirs } = await decide({ user: "alice", password: "marker" });
    const known = receiver.events.length;
    await askOpa(socket(), "/v1/data/acme/decision", { health: true });
    regent.log({
      decisionId: crypto.randomUUID(),
      entrypoint: "acme/decision",
      input: Buffer.from('{"health":true}'),
      result: {},
      policies,
      timestamp: 0,
      metrics: {},
    });
    await regent.upload();
    await decide({ user: "alice", password: "marker" });
    assert.equal(receiver.events.length, known + 2);
    assert.equal(regent.status().counts.regent_decision_log_dropped_by_policy_total, 1);
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
  });

  test("a key that OPA cannot name is masked by Regent all the same", async () => {
    const { ours, theirs } = await decide({
      user: "alice",
      password: "p",
      escaped: true,
      "a b": { ü: "secret" },
    });
    assert.equal(JSON.stringify(theirs).includes("secret"), true);
    assert.equal(JSON.stringify(ours).includes("secret"), false);
    assert.ok((ours.erased as string[]).includes("/input/a%20b/%C3%BC"));
  });
});

async function createPolicies(): Promise<DecidingPolicies> {
  const bundle = await parseBundle(await compileBundle(SOURCES, ["acme/decision"], "r1"));
  const revision = await PolicyRevision.create(bundle, {
    builtins: HOST_BUILTINS,
    clock: () => BigInt(Date.now()) * 1_000_000n,
    print: () => {},
  });
  return {
    revision: "r1",
    bundles: { main: { revision: "r1" } },
    has: (entrypoint) => revision.has(entrypoint),
    async evaluate(entrypoint, input) {
      const { result, nondeterministic } = revision.evaluate(entrypoint, input);
      return {
        result: result === undefined ? undefined : resultValue(result),
        revision: "r1",
        durationMs: 0.1,
        ...(nondeterministic === undefined ? {} : { nondeterministic }),
      };
    },
  };
}

/** OPA as a server, with the same policies as a bundle, which sends its log at once. */
async function startOpa(folder: string, url: string): Promise<ChildProcess> {
  const program = await findOpa();
  for (const [name, text] of Object.entries(SOURCES)) await writeFile(join(folder, name), text);
  const bundle = join(folder, "bundle.tar.gz");
  const files = Object.keys(SOURCES).map((name) => join(folder, name));
  const built = await runOpa(program, ["build", "--revision", "r1", "--output", bundle, ...files]);
  assert.equal(built.status, 0, built.stderr);
  const config = {
    services: { receiver: { url } },
    bundles: { main: { resource: `file://${bundle}` } },
    nd_builtin_cache: true,
    decision_logs: {
      service: "receiver",
      request_context: { http: { headers: ["X-Trial"] } },
      reporting: { min_delay_seconds: 0, max_delay_seconds: 0 },
    },
  };
  const file = join(folder, "opa.json");
  await writeFile(file, JSON.stringify(config));
  const address = `unix://${join(folder, "opa.sock")}`;
  const child = spawn(
    program,
    ["run", "--server", "--addr", address, "--config-file", file, "--log-level", "info"],
    {
      stdio: "ignore",
    },
  );
  await until(async () => {
    assert.equal(child.exitCode, null, "OPA has ended");
    const answer = await askOpa(join(folder, "opa.sock"), "/health?bundles", undefined).catch(() => 0);
    return answer === 200;
  });
  return child;
}

/** Asks every 20 ms, for at most 20 seconds. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail("OPA does not come up");
}

async function askOpa(socketPath: string, path: string, input: JsonValue | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    const method = input === undefined ? "GET" : "POST";
    const asked = request({ socketPath, path, method, headers: { "X-Trial": "yes" } }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    asked.on("error", reject);
    asked.end(input === undefined ? undefined : JSON.stringify({ input }));
  });
}

/** The order of rules in a set of masks is none that anybody promises. */
function sorted(value: JsonValue | undefined): JsonValue | undefined {
  return Array.isArray(value) && value.every((each) => typeof each === "string") ? [...value].sort() : value;
}

/** The one thing that two evaluations cannot agree on. */
function withoutTime(value: JsonValue | undefined): unknown {
  if (value === undefined) return undefined;
  return JSON.parse(JSON.stringify(value).replace(/\b1[0-9]{18}\b/g, "0"));
}
