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
  readonly loops: readonly Loop[];
  /** Indices of the functions that it calls outside of loops. */
  readonly calls: ReadonlySet<number>;
  /** Outside of loops it calls through a table: it may call every function that is in one. */
  readonly callsIndirectly: boolean;
};

export type Loop = {
  /** Offset in the code of the first instruction inside. */
  readonly start: number;
  /** Nothing inside takes longer than an instruction: no loop, no call, no copying of memory. */
  readonly leaf: boolean;
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
const CALL = 0x10;
const CALL_INDIRECT = 0x11;
const MEMORY_GROW = 0x40;
const EXTENDED = 0xfc;

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

type OpenLoop = { readonly start: number; leaf: boolean };

/** Walks through the code with a stack of what is open: undefined for a block, an if or the function itself. */
function scan(code: Uint8Array): Pick<FunctionCode, "loops" | "calls" | "callsIndirectly"> {
  const reader = new WasmReader(code);
  const loops: OpenLoop[] = [];
  const calls = new Set<number>();
  let callsIndirectly = false;
  const open: (OpenLoop | undefined)[] = [undefined];
  const insideLoop = (): boolean => open.some((loop) => loop !== undefined);
  const markLong = (): void => {
    for (const loop of open) if (loop !== undefined) loop.leaf = false;
  };
  while (!reader.done) {
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
        const loop = { start: reader.position, leaf: true };
        loops.push(loop);
        open.push(loop);
        break;
      }
      case END:
        open.pop();
        break;
      case CALL:
        markLong();
        if (!insideLoop()) calls.add(new WasmReader(code.subarray(operand)).u32());
        break;
      case CALL_INDIRECT:
        markLong();
        callsIndirectly ||= !insideLoop();
        break;
      case MEMORY_GROW:
      case EXTENDED:
        markLong();
    }
  }
  if (open.length !== 0) throw new WasmFormatError("the blocks of a function do not end");
  return { loops, calls, callsIndirectly };
}

/**
 * Passes over what follows an opcode. The table of WebAssembly 2.0 without vectors and without tail calls, which OPA
 * does not use; anything else is refused, because a misread instruction would put counters into the middle of others.
 * @see https://webassembly.github.io/spec/core/binary/instructions.html
 */
function skipImmediates(reader: WasmReader, opcode: number): void {
  if (opcode === 0x0e) {
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
  if (opcode === 0x0c || opcode === 0x0d || opcode === CALL) return 1;
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
