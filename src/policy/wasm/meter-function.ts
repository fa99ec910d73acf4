import { encodeU32, WasmReader } from "./binary.ts";
import { BR_TABLE, type Branch, type FunctionCode, type Loop, VOID_BLOCK } from "./code.ts";

/** The id of a builtin that means "no steps are left". OPA's own ids begin at 0. */
export const TICK = -1;

export type MeterOptions = {
  /** Index of the global that holds the steps that are left. */
  readonly counter: number;
  /** Index of the function that is called when none are left. */
  readonly tick: number;
  /** Locals that the function's callers fill. */
  readonly parameters: number;
  /** It takes a step at its start: it may call itself without passing through a loop. */
  readonly recursive: boolean;
};

/**
 * Rounds of a short loop that count as one step. A counter in memory makes the byte loops of OPA's runtime half as slow
 * again; in every fourth round it costs a tenth, and eight rounds would not cost less.
 */
const UNROLLED_ROUNDS = 4;
/**
 * A loop of so many bytes of code is short. OPA's loops over bytes and digits have up to 350; what a rule compiles to
 * is longer as a rule, and repeating that would only make the module larger.
 */
const SHORT_LOOP_BYTES_MAX = 400;

const OP = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  call: 0x10,
  drop: 0x1a,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32LtS: 0x48,
  i32Sub: 0x6b,
} as const;
const I32 = 0x7f;
const MINUS_ONE = 0x7f;

/** A function that takes a step at its start, if it may call itself, and in its loops. */
export function meterFunction(body: FunctionCode, options: MeterOptions): Uint8Array {
  const { localGroups, localGroupCount, localCount, code, loops } = body;
  if (loops.length === 0 && !options.recursive)
    return Buffer.concat([Buffer.from(encodeU32(localGroupCount)), localGroups, code]);
  const meter = new FunctionMeter(body, options, encodeU32(options.parameters + localCount));
  return Buffer.concat([
    Buffer.from(encodeU32(localGroupCount + 1)),
    localGroups,
    Buffer.from([1, I32, ...(options.recursive ? meter.step : [])]),
    meter.rewritten(),
  ]);
}

type Mark = { readonly at: number; readonly loop?: Loop; readonly branch?: Branch };
/** A loop that is being rewritten: `added` more blocks stand between its inside and what is around it. */
type Rewritten = { readonly depth: number; readonly added: number };

/**
 * Rewrites a function's code from its start to its end. A loop becomes
 *
 *     block $done
 *       loop $more
 *         block $empty
 *           loop $rounds
 *             (br_if $empty (i32.lt_s (local.tee (steps -= 1)) 0))
 *             … (br $done)
 *           end
 *         end
 *         (call $tick)
 *         (br $more)
 *       end
 *     end
 *
 * so that the host is called outside of it: a call inside would make V8 keep the loop's values in memory. Then the step
 * is taken again, so the host must give one at least. A short loop
 * has its inside several times, each in a block of its own, which a branch to the loop's next round leaves.
 */
class FunctionMeter {
  readonly #code: Uint8Array;
  readonly #marks: readonly Mark[];
  readonly #takeStep: readonly number[];
  readonly #callTick: readonly number[];
  #nextMark = 0;
  /** Code before it is rewritten. */
  #from = 0;

  constructor({ code, loops, branches }: FunctionCode, { counter, tick }: MeterOptions, local: number[]) {
    this.#code = code;
    this.#marks = [
      ...loops.map((loop) => ({ at: loop.at, loop })),
      ...branches.map((branch) => ({ at: branch.at, branch })),
    ].sort((a, b) => a.at - b.at);
    const global = encodeU32(counter);
    this.#takeStep = [
      ...[OP.globalGet, ...global, OP.i32Const, 1, OP.i32Sub, OP.localTee, ...local, OP.globalSet, ...global],
      ...[OP.localGet, ...local, OP.i32Const, 0, OP.i32LtS],
    ];
    this.#callTick = [OP.i32Const, MINUS_ONE, OP.i32Const, 0, OP.call, ...encodeU32(tick), OP.drop];
  }

  /** `if ((steps -= 1) < 0) tick()` */
  get step(): readonly number[] {
    return [...this.#takeStep, OP.if, VOID_BLOCK, ...this.#callTick, OP.end];
  }

  rewritten(): Uint8Array {
    return this.#rewrite(this.#code.length, []);
  }

  #rewrite(until: number, around: readonly Rewritten[]): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let mark = this.#markBefore(until); mark !== undefined; mark = this.#markBefore(until)) {
      this.#nextMark += 1;
      parts.push(this.#code.subarray(this.#from, mark.at));
      if (mark.loop !== undefined) parts.push(this.#loop(mark.loop, around));
      else if (mark.branch !== undefined) parts.push(this.#branch(mark.branch, around));
    }
    parts.push(this.#code.subarray(this.#from, until));
    this.#from = until;
    return Buffer.concat(parts);
  }

  #markBefore(until: number): Mark | undefined {
    const mark = this.#marks[this.#nextMark];
    return mark === undefined || mark.at >= until ? undefined : mark;
  }

  /** All of a loop but its `end`. */
  #loop(loop: Loop, around: readonly Rewritten[]): Uint8Array {
    this.#from = loop.start;
    // Compilers give values to blocks, not to loops: these keep their form, with the call inside.
    if (!loop.isVoid)
      return Buffer.concat([this.#code.subarray(loop.at, loop.start), Buffer.from(this.step)]);
    const open = [OP.block, VOID_BLOCK, OP.loop, VOID_BLOCK, OP.block, VOID_BLOCK, OP.loop, VOID_BLOCK];
    const close = [OP.end, OP.end, ...this.#callTick, OP.br, 0, OP.end];
    return Buffer.concat([
      Buffer.from([...open, ...this.#takeStep, OP.brIf, 1]),
      isShort(loop) ? this.#unrolled(loop, around) : this.#once(loop, around),
      Buffer.from(close),
    ]);
  }

  #once({ end, depth }: Loop, around: readonly Rewritten[]): Uint8Array {
    const inside = this.#rewrite(end, [...around, { depth, added: 3 }]);
    return Buffer.concat([inside, Buffer.from([OP.br, 3])]);
  }

  #unrolled({ end, depth }: Loop, around: readonly Rewritten[]): Uint8Array {
    const inside = this.#rewrite(end, [...around, { depth, added: 4 }]);
    const round = [Buffer.from([OP.block, VOID_BLOCK]), inside, Buffer.from([OP.br, 4, OP.end])];
    const rounds = Array.from({ length: UNROLLED_ROUNDS }, () => round).flat();
    return Buffer.concat([...rounds, Buffer.from([OP.br, 0])]);
  }

  /** A branch that leaves rewritten loops passes through the blocks that were added around them. */
  #branch({ at, end, opcode, depth }: Branch, around: readonly Rewritten[]): Uint8Array {
    this.#from = end;
    const reader = new WasmReader(this.#code.subarray(at + 1, end));
    const count = opcode === BR_TABLE ? reader.u32() : undefined;
    const labels: number[] = [];
    while (!reader.done) labels.push(reader.u32());
    const relabelled = labels.flatMap((label) => {
      const target = depth - 1 - label;
      const added = around.reduce((sum, loop) => (target < loop.depth ? sum + loop.added : sum), 0);
      return encodeU32(label + added);
    });
    return Buffer.from([opcode, ...(count === undefined ? [] : encodeU32(count)), ...relabelled]);
  }
}

function isShort({ start, end, isInnermost }: Loop): boolean {
  return isInnermost && end - start <= SHORT_LOOP_BYTES_MAX;
}
