import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { encodeU32, SECTION, writeModule } from "./binary.ts";
import { meterModule, STEPS_EXPORT } from "./meter.ts";
import { TICK } from "./meter-function.ts";

/** A program that only goes round: what it does is told by the places that it visits, and the host decides its ways. */
type Statement =
  | { readonly kind: "visit" }
  | { readonly kind: "block" | "loop"; readonly body: readonly Statement[] }
  | { readonly kind: "if"; readonly body: readonly Statement[]; readonly orElse: readonly Statement[] }
  | { readonly kind: "br" | "br_if"; readonly label: number }
  | { readonly kind: "br_table"; readonly labels: readonly number[] }
  | { readonly kind: "call"; readonly target: number }
  | { readonly kind: "call_indirect" };

const FUNCTIONS = 3;
const label = fc.nat({ max: 5 });
const { statements } = fc.letrec<{ statement: Statement; statements: Statement[] }>((tie) => ({
  statements: fc.array(tie("statement"), { maxLength: 4, depthIdentifier: "code" }),
  statement: fc.oneof(
    // Without this bias most programs would be a handful of visits.
    { maxDepth: 4, depthSize: "max", depthIdentifier: "code" },
    fc.record({ kind: fc.constant("visit" as const) }),
    fc.record({ kind: fc.constantFrom("br" as const, "br_if" as const), label }),
    fc.record({
      kind: fc.constant("br_table" as const),
      labels: fc.array(label, { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("call" as const), target: fc.nat({ max: FUNCTIONS - 1 }) }),
    fc.record({ kind: fc.constant("call_indirect" as const) }),
    fc.record({ kind: fc.constant("block" as const), body: tie("statements") }),
    fc.record({ kind: fc.constant("loop" as const), body: tie("statements") }),
    fc.record({ kind: fc.constant("if" as const), body: tie("statements"), orElse: tie("statements") }),
  ),
}));
const programs = fc.array(statements, { minLength: FUNCTIONS, maxLength: FUNCTIONS });

const [TICK_FUNCTION, VISIT_FUNCTION, FIRST_FUNCTION] = [0, 1, 2];
const VOID = 0x40;

/** A visit of the next place: leaves what the host answers. */
class Encoder {
  places = 0;

  function(body: readonly Statement[]): number[] {
    // No locals.
    const code = [0, ...this.#visit(), 0x1a, ...this.#all(body, 1), 0x0b];
    return [...encodeU32(code.length), ...code];
  }

  #visit(): number[] {
    const place = encodeU32(this.places);
    this.places += 1;
    // i32.const takes a signed number: two bytes hold every place.
    const constant =
      place.length === 1
        ? [(place[0] ?? 0) | 0x80, 0]
        : [...place.slice(0, -1), (place.at(-1) ?? 0) | 0x80, 0];
    return [0x41, ...constant, 0x41, 0, 0x41, 0, 0x10, VISIT_FUNCTION];
  }

  #all(body: readonly Statement[], depth: number): number[] {
    return body.flatMap((statement) => this.#one(statement, depth));
  }

  #one(statement: Statement, depth: number): number[] {
    switch (statement.kind) {
      case "visit":
        return [...this.#visit(), 0x1a];
      case "block":
        return [0x02, VOID, ...this.#all(statement.body, depth + 1), 0x0b];
      case "loop":
        // As loops have it: the end decides whether there is another round.
        return [
          ...[0x03, VOID, ...this.#visit(), 0x1a, ...this.#all(statement.body, depth + 1)],
          ...[...this.#visit(), 0x0d, 0, 0x0b],
        ];
      case "if":
        return [
          ...this.#visit(),
          0x04,
          VOID,
          ...this.#all(statement.body, depth + 1),
          0x05,
          ...this.#all(statement.orElse, depth + 1),
          0x0b,
        ];
      case "br":
        return [0x0c, statement.label % depth];
      case "br_if":
        return [...this.#visit(), 0x0d, statement.label % depth];
      case "br_table":
        return [
          ...this.#visit(),
          0x0e,
          statement.labels.length - 1,
          ...statement.labels.map((to) => to % depth),
        ];
      case "call":
        return [0x10, FIRST_FUNCTION + statement.target];
      case "call_indirect":
        return [...this.#visit(), 0x11, 2, 0];
    }
  }
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value)];

/** A module with the imports and sections that the meter needs, and these functions, all of them in its table. */
function encode(program: readonly (readonly Statement[])[]): Uint8Array<ArrayBuffer> {
  const encoder = new Encoder();
  const indices = program.map((_, index) => FIRST_FUNCTION + index);
  const sections: [number, number[]][] = [
    [SECTION.type, [3, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 0x60, 3, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0]],
    [
      SECTION.import,
      [2, ...text("env"), ...text("opa_builtin0"), 0, 0, ...text("env"), ...text("opa_builtin1"), 0, 1],
    ],
    [SECTION.function, [program.length, ...program.map(() => 2)]],
    [4, [1, 0x70, 0, program.length]],
    [SECTION.global, [1, 0x7f, 0, 0x41, 0, 0x0b]],
    [SECTION.export, [1, ...text("run"), 0, FIRST_FUNCTION]],
    [SECTION.element, [1, 0, 0x41, 0, 0x0b, indices.length, ...indices]],
    [SECTION.code, [program.length, ...program.flatMap((body) => encoder.function(body))]],
  ];
  assert.equal(TICK_FUNCTION, 0);
  return writeModule(sections.map(([id, content]) => ({ id, bytes: Buffer.from(content) })));
}

class Enough extends Error {}

/** Steps that a run may take before the host ends it. */
const TICKS_MAX = 300;
/** Visits of a run that are compared. */
const VISITS_MAX = 3_000;

type Run = {
  /** Places in the order of their visits. */
  readonly visits: readonly number[];
  /** Most visits between two steps. */
  readonly longest: number;
  readonly ended: boolean;
};

/** Runs a module with a host that decides its ways by a seed, and the same ways again for the same seed. */
async function run(bytes: Uint8Array<ArrayBuffer>, seed: number): Promise<Run> {
  const visits: number[] = [];
  let ticks = 0;
  let sinceTick = 0;
  let longest = 0;
  let random = seed;
  const host = {
    opa_builtin0: (id = 0) => {
      assert.equal(id, TICK);
      ticks += 1;
      sinceTick = 0;
      // The least that a host may give: a loop takes its step again when it goes on.
      steps.value = 1;
      if (ticks > TICKS_MAX) throw new Enough();
      return 0;
    },
    opa_builtin1: (place = 0) => {
      visits.push(place);
      sinceTick += 1;
      longest = Math.max(longest, sinceTick);
      if (visits.length >= VISITS_MAX) throw new Enough();
      random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
      return (random >> 16) % FUNCTIONS;
    },
  };
  const instance = new WebAssembly.Instance(await WebAssembly.compile(bytes), { env: host });
  const exports = instance.exports as { run: () => void; [STEPS_EXPORT]?: WebAssembly.Global };
  const steps = exports[STEPS_EXPORT] ?? { value: 0 };
  steps.value = 0;
  try {
    exports.run();
  } catch (error) {
    if (!(error instanceof Enough)) throw error;
    return { visits, longest, ended: false };
  }
  return { visits, longest, ended: true };
}

/**
 * What can be visited between two steps: the rounds of one short loop, where each call leads once through functions
 * that do not step. Three functions of some 30 places each come nowhere near this; what goes round does at once.
 */
const UNSTEPPED_VISITS_MAX = 1_000;

describe("random programs of loops, branches and recursion", () => {
  test("go the same ways metered and unmetered, and never long without a step", async () => {
    let endless = 0;
    await fc.assert(
      fc.asyncProperty(programs, fc.nat(), async (program, seed) => {
        const plain = encode(program);
        const [expected, metered] = await Promise.all([run(plain, seed), run(meterModule(plain), seed)]);
        assert.deepEqual(metered.visits, expected.visits.slice(0, metered.visits.length));
        assert.ok(metered.longest < UNSTEPPED_VISITS_MAX, `${metered.longest} visits without a step`);
        if (metered.ended) assert.equal(metered.visits.length, expected.visits.length);
        if (!metered.ended) endless += 1;
      }),
      { numRuns: 1_500, seed: 4 },
    );
    assert.ok(endless > 100, `only ${endless} programs went on without end`);
  });

  test("reach a step in a loop whose rounds call functions with loops, at any depth", async () => {
    const nested = (levels: number): Statement[] =>
      levels === 0
        ? [{ kind: "visit" }]
        : [{ kind: "loop", body: [...nested(levels - 1), { kind: "br_if", label: 0 }] }];
    const program: Statement[][] = [
      [
        {
          kind: "loop",
          body: [
            { kind: "call", target: 1 },
            { kind: "br", label: 0 },
          ],
        },
      ],
      nested(6),
      [],
    ];
    const { longest, ended } = await run(meterModule(encode(program)), 7);
    assert.equal(ended, false);
    assert.ok(longest < 20, `${longest} visits without a step`);
  });
});
