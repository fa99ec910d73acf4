/** The code section of a module, read far enough to find loops and calls. */
import { WasmFormatError, WasmReader } from "./binary.ts";

/** The body of a function. */
export type FunctionCode = {
  /** Groups of locals, encoded, without their number. */
  readonly localGroups: Uint8Array;
  readonly localGroupCount: number;
  /** Locals that are no parameters. */
  readonly localCount: number;
  /** The instructions, the closing `end` included. */
  readonly code: Uint8Array;
  /** In the order in which they begin. */
  readonly loops: readonly Loop[];
  readonly branches: readonly Branch[];
  /** Indices of the functions that it calls outside of loops. */
  readonly calls: ReadonlySet<number>;
  /** Outside of loops it calls through a table: it may call every function that is in one. */
  readonly callsIndirectly: boolean;
};

/** Offsets are offsets in the code. */
export type Loop = {
  /** Of its opcode. */
  readonly at: number;
  /** Of the first instruction inside. */
  readonly start: number;
  /** Of its `end`. */
  readonly end: number;
  /** Blocks that are open around it, the function itself counted. */
  readonly depth: number;
  /** It takes no values and gives none. */
  readonly isVoid: boolean;
  /** Nothing inside takes longer than an instruction or a call: no loop, no copying of memory. */
  readonly isInnermost: boolean;
};

/** `br`, `br_if` or `br_table`. */
export type Branch = {
  readonly at: number;
  /** Offset of the instruction that follows. */
  readonly end: number;
  readonly opcode: number;
  /** Blocks that are open where it stands, the function itself counted. */
  readonly depth: number;
};

export function readCode(section: Uint8Array): FunctionCode[] {
  const reader = new WasmReader(section);
  const functions: FunctionCode[] = [];
  for (let left = reader.u32(); left > 0; left--) functions.push(readBody(reader.take(reader.u32())));
  return functions;
}

const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
export const BR_TABLE = 0x0e;
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const MEMORY_GROW = 0x40;
const EXTENDED = 0xfc;
/** The type of a block that takes and gives nothing. */
export const VOID_BLOCK = 0x40;

function readBody(body: Uint8Array): FunctionCode {
  const reader = new WasmReader(body);
  const localGroupCount = reader.u32();
  const groupsStart = reader.position;
  let localCount = 0;
  for (let left = localGroupCount; left > 0; left--) {
    localCount += reader.u32();
    reader.byte();
  }
  const localGroups = body.subarray(groupsStart, reader.position);
  const code = body.subarray(reader.position);
  return { localGroups, localGroupCount, localCount, code, ...scan(code) };
}

type Scan = Pick<FunctionCode, "loops" | "branches" | "calls" | "callsIndirectly">;
type OpenLoop = { -readonly [Key in keyof Loop]: Loop[Key] };

/** Walks through the code with a stack of what is open: undefined for a block, an if or the function itself. */
function scan(code: Uint8Array): Scan {
  const reader = new WasmReader(code);
  const loops: OpenLoop[] = [];
  const branches: Branch[] = [];
  const calls = new Set<number>();
  let callsIndirectly = false;
  const open: (OpenLoop | undefined)[] = [undefined];
  const openLoops: OpenLoop[] = [];
  const markLong = (): void => {
    // Those further out hold a loop and are marked already.
    const loop = openLoops.at(-1);
    if (loop !== undefined) loop.isInnermost = false;
  };
  while (!reader.done) {
    const at = reader.position;
    const opcode = reader.byte();
    const operand = reader.position;
    skipImmediates(reader, opcode);
    switch (opcode) {
      case BLOCK:
      case IF:
        open.push(undefined);
        break;
      case LOOP: {
        markLong();
        const isVoid = code[operand] === VOID_BLOCK;
        const start = reader.position;
        const loop = { at, start, end: start, depth: open.length, isVoid, isInnermost: true };
        loops.push(loop);
        openLoops.push(loop);
        open.push(loop);
        break;
      }
      case END: {
        const loop = open.pop();
        if (loop === undefined) break;
        loop.end = at;
        openLoops.pop();
        break;
      }
      case BR:
      case BR_IF:
      case BR_TABLE:
        branches.push({ at, end: reader.position, opcode, depth: open.length });
        break;
      case CALL:
        if (openLoops.length === 0) calls.add(new WasmReader(code.subarray(operand)).u32());
        break;
      case CALL_INDIRECT:
        callsIndirectly ||= openLoops.length === 0;
        break;
      case MEMORY_GROW:
      case EXTENDED:
        markLong();
    }
  }
  if (open.length !== 0) throw new WasmFormatError("the blocks of a function do not end");
  return { loops, branches, calls, callsIndirectly };
}

/**
 * Passes over what follows an opcode. The table of WebAssembly 2.0 without vectors and without tail calls, which OPA
 * does not use; anything else is refused, because a misread instruction would put counters into the middle of others.
 * @see https://webassembly.github.io/spec/core/binary/instructions.html
 */
function skipImmediates(reader: WasmReader, opcode: number): void {
  if (opcode === BR_TABLE) {
    for (let left = reader.u32() + 1; left > 0; left--) reader.u32();
  } else if (opcode === 0x1c) {
    for (let left = reader.u32(); left > 0; left--) reader.byte();
  } else if (opcode === 0x43) reader.take(4);
  else if (opcode === 0x44) reader.take(8);
  else if (opcode === EXTENDED) skipExtended(reader);
  else {
    for (let left = integersAfter(opcode); left > 0; left--) reader.skipInteger();
  }
}

/** How many LEB128 integers follow an opcode. */
function integersAfter(opcode: number): number {
  // block, loop, if (their type); br, br_if, call; locals, globals, tables; memory.size, memory.grow; constants; ref.null, ref.func
  if (opcode >= BLOCK && opcode <= IF) return 1;
  if (opcode === BR || opcode === BR_IF || opcode === CALL) return 1;
  if (opcode >= 0x20 && opcode <= 0x26) return 1;
  if (opcode >= 0x3f && opcode <= 0x42) return 1;
  if (opcode === 0xd0 || opcode === 0xd2) return 1;
  // call_indirect; loads and stores (alignment and offset)
  if (opcode === CALL_INDIRECT || (opcode >= 0x28 && opcode <= 0x3e)) return 2;
  // unreachable, nop, else, end, return, drop, select; comparisons, arithmetic, conversions; ref.is_null
  const plain = opcode <= 0x01 || opcode === 0x05 || opcode === END || opcode === 0x0f;
  if (plain || opcode === 0x1a || opcode === 0x1b || (opcode >= 0x45 && opcode <= 0xc4) || opcode === 0xd1)
    return 0;
  throw new WasmFormatError(`the module uses the unknown instruction 0x${opcode.toString(16)}`);
}

/** Saturating conversions, and the bulk operations on memories and tables, by their second number. */
const EXTENDED_INTEGERS = [0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1];

function skipExtended(reader: WasmReader): void {
  const operation = reader.u32();
  const integers = EXTENDED_INTEGERS[operation];
  if (integers === undefined)
    throw new WasmFormatError(`the module uses the unknown instruction 0xfc ${operation}`);
  for (let left = integers; left > 0; left--) reader.skipInteger();
}
