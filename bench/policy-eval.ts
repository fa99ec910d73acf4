/**
 * What an evaluation costs, beside the published SDK on the same policy and input, and the two ways of OPA's ABI to
 * hand over input. Measured in turns in one run, so that a busy machine slows all alike; printed as ratios.
 *
 *     node bench/policy-eval.ts
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../src/exchange/json.ts";
import { HOST_BUILTINS } from "../src/policy/builtins/host.ts";
import { type Bundle, readBundle } from "../src/policy/bundle/bundle.ts";
import { systemClock } from "../src/policy/clock.ts";
import { buildBundle } from "../src/policy/opa/build.ts";
import { resultValue } from "../src/policy/result.ts";
import { PolicyRevision } from "../src/policy/revision.ts";

const TURNS = 60;
/** Evaluations in one turn: long enough to time, short enough to take turns often. */
const TURN_MS = 4;

type Sdk = {
  loadPolicy(wasm: Uint8Array): Promise<{ setData(data: unknown): void; evaluate(input: unknown): unknown }>;
};
const sdk = createRequire(import.meta.url)("@open-policy-agent/opa-wasm") as Sdk;

const RULE = (index: number): string => `
deny contains {"code": "rule_${index}", "role": role} if {
	input.request.method == "DELETE"
	some role in input.identity.roles
	startswith(role, "role-${index}-")
}
`;

const policy = (rules: number): string => `package bench

default allow := false

allow if count(deny) == 0

decision := {"allow": allow, "reasons": deny}
${Array.from({ length: rules }, (_, index) => RULE(index)).join("")}`;

async function compile(rules: number): Promise<Bundle> {
  const folder = await mkdtemp(join(tmpdir(), "regent-bench-"));
  try {
    const [source, output] = [join(folder, "bench.rego"), join(folder, "bench.tar.gz")];
    await writeFile(source, policy(rules));
    await buildBundle({ paths: [source], output, entrypoints: ["bench/decision"] });
    return await readBundle(output);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** An input document of about so many bytes; most of it is the prompt, as in a chat. */
function document(bytes: number): JsonObject {
  const messages = Array.from({ length: Math.max(1, Math.round(bytes / 330)) }, (_, index) => ({
    role: index % 2 === 0 ? "user" : "assistant",
    content: "The quick brown fox jumps over the lazy dog. ".repeat(6),
  }));
  return {
    version: { regent: 1 },
    phase: "request",
    request: {
      method: "POST",
      path: "/v1/chat/completions",
      headers: { accept: ["*/*"] },
      body: { messages },
    },
    identity: {
      subject: "alice",
      tenant: "acme",
      roles: ["analyst", "role-x"],
      claims: {},
      method: "api_key",
    },
  };
}

type Way = { readonly name: string; readonly run: () => unknown };

/** Medians in microseconds, of turns taken one after another. */
function measure(ways: readonly Way[]): number[] {
  const times: number[][] = ways.map(() => []);
  const calls = ways.map(({ run }) => callsFor(run));
  for (let turn = 0; turn < TURNS; turn++) {
    for (const [index, { run }] of ways.entries()) {
      const count = calls[index] ?? 1;
      const startedAt = process.hrtime.bigint();
      for (let call = 0; call < count; call++) run();
      times[index]?.push(Number(process.hrtime.bigint() - startedAt) / 1_000 / count);
    }
  }
  return times.map((list) => list.sort((a, b) => a - b)[list.length >> 1] ?? Number.NaN);
}

/** Calls that take about one turn, after warming up. */
function callsFor(run: () => unknown): number {
  let calls = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < 150) {
    run();
    calls += 1;
  }
  return Math.max(1, Math.round((calls / 150) * TURN_MS));
}

async function compare(rules: number, bytes: number): Promise<string> {
  const bundle = await compile(rules);
  const own = await PolicyRevision.create(bundle, {
    builtins: HOST_BUILTINS,
    clock: systemClock,
    print: () => {},
  });
  const theirs = await sdk.loadPolicy(bundle.wasm);
  theirs.setData({});
  const value = document(bytes);
  const text = Buffer.from(JSON.stringify(value));
  const evaluate = (input: JsonObject | Buffer) =>
    resultValue(own.evaluate("bench/decision", input).result ?? "");
  const [bytesUs = 0, valueUs = 0, sdkUs = 0] = measure([
    { name: "bytes", run: () => evaluate(text) },
    { name: "value", run: () => evaluate(value) },
    { name: "sdk", run: () => theirs.evaluate(value) },
  ]);
  const cells = [
    rules,
    (text.length / 1024).toFixed(1),
    bytesUs.toFixed(1),
    valueUs.toFixed(1),
    sdkUs.toFixed(1),
  ];
  const ratios = [(bytesUs / sdkUs).toFixed(2), (valueUs / sdkUs).toFixed(2)];
  return [...cells, ...ratios].map((cell) => String(cell).padStart(10)).join("");
}

process.stdout.write("evaluation to decision, median microseconds; ratios to the published SDK\n");
process.stdout.write(
  `${["rules", "input KB", "bytes", "value", "SDK", "bytes/SDK", "value/SDK"].map((cell) => cell.padStart(10)).join("")}\n`,
);
for (const rules of [1, 10, 100]) {
  for (const bytes of [1_000, 10_000, 100_000]) process.stdout.write(`${await compare(rules, bytes)}\n`);
}
