import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compileBundle, createRevision, type Sources } from "../../../test/support/rego.ts";
import { RegentError } from "../../exchange/errors.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { parseBundle } from "../bundle/bundle.ts";
import { resultValue } from "../result.ts";
import {
  readElements,
  readImports,
  readParameterCounts,
  readSections,
  SECTION,
  WasmFormatError,
  writeModule,
} from "./binary.ts";
import { readCode } from "./code.ts";
import { meterModule, STEPS_EXPORT } from "./meter.ts";
import { recursiveNodes } from "./recursion.ts";

const LIMIT_MS = 50;
/** How long a test waits for what must be cut off at the limit: the machine may be doing other things. */
const PATIENCE_MS = 2_000;

const HUNGRY: Sources = {
  "p.rego": `package p

squares := count([1 | some i in numbers.range(1, input.n); some j in numbers.range(1, input.n); i * j == -1])

found if contains(input.text, input.part)

parts := count(split(input.text, input.part))

pairs := count([1 | some a in input.list; some b in input.list; a == b])

matched if regex.match(input.pattern, input.text)

walked := count([1 | walk(input.tree)])

nested(n) := [x | some x in numbers.range(1, n); f(x)]

f(x) if count([y | some y in numbers.range(1, 1000); y == x]) == 1

calls := count(nested(input.n))

sorted := sort(input.list)

small := 1
`,
};
const NAMES = ["squares", "found", "parts", "pairs", "matched", "walked", "calls", "sorted", "small"];
const revision = await createRevision(
  HUNGRY,
  NAMES.map((name) => `p/${name}`),
);

const CPU_TICK_MS = 10;

/** Asserts that an evaluation is cut off in time and that the next one is served. */
function assertCutOff(entrypoint: string, input: JsonValue): void {
  const startedAt = performance.now();
  assert.throws(
    () => revision.evaluate(entrypoint, input),
    (error) => error instanceof RegentError && error.code === "policy_timeout",
  );
  const tookMs = performance.now() - startedAt;
  // The clock of CPU time moves in ticks.
  assert.ok(tookMs >= LIMIT_MS - CPU_TICK_MS && tookMs < PATIENCE_MS, `cut off after ${tookMs} ms`);
  assert.equal(revision.evaluate("p/small", {}).result, "1");
}

describe("a metered policy", () => {
  test("cuts off ten bytes of input that ask for 10^9 steps", () => {
    assertCutOff("p/squares", { n: 30_000 });
    assert.equal(revision.evaluate("p/squares", { n: 20 }).result, "0");
  });

  test("cuts off calls of functions", () => {
    assertCutOff("p/calls", { n: 20_000 });
  });

  test("cuts off byte loops of the runtime: searching, splitting, comparing", () => {
    const text = "a".repeat(400_000);
    assertCutOff("p/found", { text, part: `${text.slice(0, 200_000)}b` });
    assertCutOff("p/parts", { text: text.repeat(2), part: `${text.slice(0, 100_000)}b` });
    assertCutOff("p/pairs", { list: Array.from({ length: 2_000 }, (_, i) => `${"x".repeat(500)}${i}`) });
  });

  test("cuts off the parsing of input itself", () => {
    assertCutOff(
      "p/small",
      Array.from({ length: 3_000_000 }, () => 1),
    );
  });

  test("cuts off recursion over deep and wide values", () => {
    const wide = (depth: number): JsonValue =>
      depth === 0 ? 1 : Array.from({ length: 10 }, () => wide(depth - 1));
    assertCutOff("p/walked", { tree: wide(6) });
  });

  test("gives an evaluation the time that it is allowed", async () => {
    const patient = await createRevision(HUNGRY, ["p/squares"], { timeLimitMs: 20_000 });
    assertCutOff("p/squares", { n: 500 });
    assert.equal(patient.evaluate("p/squares", { n: 500 }).result, "0");
  });

  test("gives the same results as an unmetered one", async () => {
    // The unmetered module is the one that OPA's own cases and the published evaluator run; here it is only instantiated.
    const { wasm } = await parseBundle(await compileBundle(HUNGRY, ["p/small"]));
    const metered = await WebAssembly.compile(meterModule(wasm));
    const exports = new Set(WebAssembly.Module.exports(metered).map(({ name }) => name));
    assert.ok(exports.delete(STEPS_EXPORT));
    const plain = await WebAssembly.compile(new Uint8Array(wasm));
    assert.deepEqual(
      [...exports],
      WebAssembly.Module.exports(plain).map(({ name }) => name),
    );
    assert.deepEqual(WebAssembly.Module.imports(metered), WebAssembly.Module.imports(plain));
    assert.deepEqual(resultValue(revision.evaluate("p/sorted", { list: [3, "b", 1] }).result ?? ""), [
      1,
      3,
      "b",
    ]);
  });
});

describe("the reader of code", () => {
  test("finds the functions, loops and calls of a policy, and writing changes nothing", async () => {
    const { wasm } = await parseBundle(await compileBundle(HUNGRY, ["p/small"]));
    const sections = readSections(wasm);
    assert.deepEqual(Buffer.from(writeModule(sections)), wasm);
    const functions = readCode(sections.find(({ id }) => id === SECTION.code)?.bytes ?? Buffer.alloc(0));
    assert.equal(functions.length, readParameterCounts(sections).length);
    assert.ok(functions.length > 300);
    assert.ok(functions.some(({ loops }) => loops.some(({ isInnermost }) => isInnermost)));
    assert.ok(functions.some(({ loops }) => loops.some(({ isInnermost }) => !isInnermost)));
    for (const { code, loops, branches } of functions) {
      for (const { at, end } of loops) assert.deepEqual([code[at], code[end]], [0x03, 0x0b]);
      for (const { at } of branches) assert.ok([0x0c, 0x0d, 0x0e].includes(code[at] ?? 0));
    }
    assert.ok(functions.some(({ callsIndirectly }) => callsIndirectly));
    assert.ok(readElements(sections).length > 0);
    assert.equal(readImports(sections).at(-1)?.name, "memory");
  });

  test("refuses instructions that it does not know, and blocks that do not end", () => {
    const section = (...code: number[]) => Buffer.from([1, code.length + 1, 0, ...code]);
    assert.equal(readCode(section(0x03, 0x40, 0x0b, 0x0b))[0]?.loops[0]?.isInnermost, true);
    for (const code of [
      [0xfd, 0x0c, 0x0b],
      [0xfc, 0x63, 0x0b],
      [0x06, 0x40, 0x0b],
      [0x12, 0x00, 0x0b],
      [0x03, 0x40, 0x0b],
    ])
      assert.throws(() => readCode(section(...code)), WasmFormatError, JSON.stringify(code));
    assert.throws(
      () => meterModule(Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00])),
      WasmFormatError,
    );
  });

  test("takes a loop for an innermost one only when nothing long is inside", () => {
    const innermost = (...code: number[]) =>
      readCode(Buffer.from([1, code.length + 1, 0, ...code]))[0]?.loops.map(({ isInnermost }) => isInnermost);
    assert.deepEqual(innermost(0x03, 0x40, 0x03, 0x40, 0x0b, 0x0b, 0x0b), [false, true]);
    assert.deepEqual(innermost(0x03, 0x40, 0x02, 0x40, 0x03, 0x40, 0x0b, 0x0b, 0x0b, 0x0b), [false, true]);
    assert.deepEqual(innermost(0x03, 0x40, 0x10, 0x00, 0x0b, 0x0b), [true]);
    assert.deepEqual(innermost(0x03, 0x40, 0xfc, 0x0b, 0x00, 0x0b, 0x0b), [false]);
    assert.deepEqual(innermost(0x10, 0x00, 0x03, 0x40, 0x0b, 0x10, 0x00, 0x0b), [true]);
  });
});

describe("recursiveNodes", () => {
  test("finds cycles of any length and nothing else", () => {
    assert.deepEqual([...recursiveNodes([[1], [2], []])], []);
    assert.deepEqual([...recursiveNodes([[0], [2], [1], [1]])].sort(), [0, 1, 2]);
    assert.deepEqual([...recursiveNodes([[1, 9], [-3, 2], [0], [0]])].sort(), [0, 1, 2]);
  });

  test("agrees with asking of each node whether it reaches itself", () => {
    const graphs = fc
      .integer({ min: 1, max: 12 })
      .chain((size) =>
        fc.array(fc.array(fc.nat({ max: size - 1 }), { maxLength: 3 }), { minLength: size, maxLength: size }),
      );
    fc.assert(
      fc.property(graphs, (edges) => {
        const expected = [...edges.keys()].filter((node) => reaches(edges, node, node));
        assert.deepEqual(
          [...recursiveNodes(edges)].sort((a, b) => a - b),
          expected,
        );
      }),
      { numRuns: 500, seed: 11 },
    );
  });

  test("follows a chain that is longer than a stack", () => {
    const length = 200_000;
    const ring = Array.from({ length }, (_, index) => [(index + 1) % length]);
    assert.equal(recursiveNodes(ring).size, length);
  });
});

function reaches(edges: readonly (readonly number[])[], from: number, to: number): boolean {
  const seen = new Set<number>();
  const open = [...(edges[from] ?? [])];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node === to) return true;
    if (!seen.has(node)) open.push(...(edges[node] ?? []));
    seen.add(node);
  }
  return false;
}
