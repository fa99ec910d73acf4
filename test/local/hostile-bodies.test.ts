import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { FORMATS } from "../../src/formats/index.ts";
import { TRANSLATIONS, translatorOf } from "../../src/translation/index.ts";
import { mutated, mutations } from "../contract/mutations.ts";
import { type Seed, seedsOf } from "../contract/seeds.ts";

/**
 * `regent read` and `regent translate` as support asks users to run them, on bodies that somebody tampered with: one answer on
 * stdout or a reason, and never a stack trace.
 */

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const KINDS = ["request", "response", "stream"] as const;
/** Programs that run side by side. */
const AT_ONCE = 3;
/** A body must not hold up a program longer. Milliseconds, on a machine that is busy. */
const TIMEOUT_MS = 60_000;

test("regent read prints one JSON object of any body, and ends with 0 or 3", async (context) => {
  const runs = Object.values(FORMATS).flatMap(({ name }) =>
    KINDS.flatMap((kind) => tampered(name, kind).map((seed) => ({ name, kind, seed }))),
  );
  const statuses = await all(runs, async ({ name, kind, seed }) => {
    const ran = await run(["read", "--kind", kind, "--format", name, ...headersOf(seed), "-"], seed.body);
    const what = `${name} ${kind}`;
    assert.ok(ran.status === 0 || ran.status === 3, `${what}: ${ran.status} ${ran.stderr}`);
    assert.equal(ran.stdout.trimEnd().split("\n").length, 1, what);
    const reading = JSON.parse(ran.stdout) as { readonly [member: string]: unknown };
    assert.deepEqual([reading.format, reading.kind], [name, kind]);
    assert.equal(reading.invalid !== undefined, ran.status === 3, what);
    assert.equal(ran.stderr, "", what);
    return ran.status;
  });
  context.diagnostic(
    `${statuses.length} bodies, ${statuses.filter((status) => status === 3).length} invalid`,
  );
  assert.ok(statuses.includes(0) && statuses.includes(3));
});

test("regent translate prints a body of any other, or the reason behind its warnings, and ends with 0 or 3", async (context) => {
  const pairs = TRANSLATIONS.filter(
    ({ from, to }, index) => index % 5 === 0 && translatorOf(from, to) !== undefined,
  );
  const runs = pairs.flatMap(({ from, to }) =>
    KINDS.filter((kind) => translatorOf(from, to)?.[kind] !== undefined).flatMap((kind) =>
      tampered(from, kind)
        .slice(0, 1)
        .map((seed) => ({ from, to, kind, seed })),
    ),
  );
  const statuses = await all(runs, async ({ from, to, kind, seed }) => {
    const what = `${from} -> ${to} ${kind}`;
    const options = [
      "--kind",
      kind,
      "--from",
      from,
      "--to",
      to,
      "--url-model",
      "some-model",
      ...headersOf(seed),
    ];
    const ran = await run(["translate", ...options, "-"], seed.body);
    assert.ok(ran.status === 0 || ran.status === 3, `${what}: ${ran.status} ${ran.stderr}`);
    const lines = ran.stderr.split("\n").filter((line) => line !== "");
    const warnings = ran.status === 3 ? lines.slice(0, -1) : lines;
    for (const line of warnings) assert.equal(typeof (JSON.parse(line) as { code: unknown }).code, "string");
    if (ran.status === 3) assert.match(lines.at(-1) ?? "", /^regent: [a-z_]+: ./, what);
    return ran.status;
  });
  context.diagnostic(
    `${statuses.length} bodies, ${statuses.filter((status) => status === 3).length} refused`,
  );
  assert.ok(statuses.includes(0) && statuses.includes(3));
});

/** Bodies of a kind: one changed at will, and one whose arguments of calls nobody could write down again. */
function tampered(format: keyof typeof FORMATS, kind: Seed["kind"]): readonly Seed[] {
  const seeds = seedsOf(format).filter((seed) => seed.kind === kind && seed.body.length < 20_000);
  if (seeds.length === 0) return [];
  const changes = fc.sample(fc.tuple(fc.constantFrom(...seeds), mutations), { seed: 20260304, numRuns: 1 });
  const deep = seeds.filter(({ body }) => body.includes('"arguments":')).slice(0, 1);
  return [
    ...changes.map(([seed, mutation]) => mutated(seed, mutation, seeds)),
    ...deep.map(withDeepArguments),
  ];
}

function withDeepArguments(seed: Seed): Seed {
  const deep = JSON.stringify(`{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`);
  const body = seed.body.toString("utf8").replace(/"arguments":\s*"(?:[^"\\]|\\.)*"/, `"arguments":${deep}`);
  return { ...seed, body: Buffer.from(body) };
}

function headersOf({ headers }: Seed): string[] {
  return [...headers].flatMap(([name, [value]]) => ["--header", `${name}: ${value}`]);
}

type Ran = { readonly status: number | null; readonly stdout: string; readonly stderr: string };

async function run(args: readonly string[], input: Buffer): Promise<Ran> {
  const child = spawn(process.execPath, [MAIN, ...args], { timeout: TIMEOUT_MS });
  child.stdin.on("error", () => undefined).end(input);
  const closed = once(child, "close") as Promise<[number | null]>;
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { status, stdout, stderr };
}

/** Runs them some at once. */
async function all<T, R>(inputs: readonly T[], one: (input: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = [...inputs];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) results.push(await one(next));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}
