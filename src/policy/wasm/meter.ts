/**
 * Makes a policy count its steps. Code in Wasm cannot be stopped from outside while it runs on this thread, so it is
 * made to take steps from a counter as it goes on and to call the host when none are left; the host looks at its clock
 * and refills the counter or throws. Steps are taken
 *   - in each round of a loop that holds a call or another loop,
 *   - in every {@link LEAF_ROUNDS} rounds of a loop that does not: a counter in memory would make the byte loops of
 *     OPA's runtime half as fast again, so they count in a local first, which stays in a register,
 *   - at the start of each function that can come to call itself without passing through a loop.
 * Between two steps lies nothing that is repeated but leaf loops of fewer than {@link LEAF_ROUNDS} rounds. So the time
 * between two looks at the clock is bounded by the size of the policy, whatever the input.
 *
 * What is added: a global (the counter, exported), and a local in functions with leaf loops. The host is reached
 * through the import `opa_builtin0`, which every policy has, so that no index changes.
 */
import {
  encodeU32,
  IMPORT_KIND,
  readElements,
  readImports,
  readParameterCounts,
  readSections,
  SECTION,
  type Section,
  WasmFormatError,
  WasmReader,
  writeModule,
} from "./binary.ts";
import { type FunctionCode, readCode } from "./code.ts";
import { recursiveNodes } from "./recursion.ts";

/** The id of a builtin that means "no steps are left". OPA's own ids begin at 0. */
export const TICK = -1;
/** The counter's name among the exports. */
export const STEPS_EXPORT = "regent_steps";
/** Rounds of a leaf loop that count as one step. Most loops of the runtime end sooner: names, small numbers. */
const LEAF_ROUNDS = 32;

const OP = {
  if: 0x04,
  end: 0x0b,
  call: 0x10,
  drop: 0x1a,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32Eqz: 0x45,
  i32LtS: 0x48,
  i32Sub: 0x6b,
} as const;
const VOID_BLOCK = 0x40;
const I32 = 0x7f;
const MUTABLE = 0x01;
const MINUS_ONE = 0x7f;
const GLOBAL_EXPORT = 0x03;
/** The largest 32-bit integer, signed LEB128: while a module is instantiated nobody can refill the counter. */
const MANY = [0xff, 0xff, 0xff, 0xff, 0x07];

/** The module with counted steps. @throws WasmFormatError when it holds code that this does not know. */
export function meterModule(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readSections(module);
  const counter = countGlobals(sections);
  return writeModule(
    sections.map((section) => {
      switch (section.id) {
        case SECTION.global:
          return appended(section, [I32, MUTABLE, OP.i32Const, ...MANY, OP.end]);
        case SECTION.export:
          return appended(section, exportOf(counter));
        case SECTION.code:
          return { id: section.id, bytes: meterCode(sections, section.bytes, counter) };
        default:
          return section;
      }
    }),
  );
}

function meterCode(sections: readonly Section[], section: Uint8Array, counter: number): Uint8Array {
  const functions = readCode(section);
  const parameters = readParameterCounts(sections);
  if (parameters.length !== functions.length)
    throw new WasmFormatError("functions and their code differ in number");
  const recursive = recursiveFunctions(sections, functions);
  const step = takeStep(counter, tickFunction(sections));
  const bodies = functions.map((body, index) =>
    meterFunction(body, parameters[index] ?? 0, recursive.has(index), step),
  );
  return Buffer.concat([
    Buffer.from(encodeU32(bodies.length)),
    ...bodies.flatMap((body) => [Buffer.from(encodeU32(body.length)), body]),
  ]);
}

/** A function that takes a step at its start, if it may call itself, and in its loops. */
function meterFunction(
  body: FunctionCode,
  parameters: number,
  recursive: boolean,
  step: readonly number[],
): Buffer {
  const { localGroups, localGroupCount, code, loops } = body;
  const hasLeaves = loops.some(({ leaf }) => leaf);
  const rounds = encodeU32(parameters + body.localCount);
  const leafStep = takeLeafStep(rounds, step);
  const parts: Uint8Array[] = [
    Buffer.from(encodeU32(localGroupCount + (hasLeaves ? 1 : 0))),
    localGroups,
    Buffer.from(hasLeaves ? [1, I32, ...setRounds(rounds)] : []),
    Buffer.from(recursive ? step : []),
  ];
  let from = 0;
  for (const { start, leaf } of loops) {
    parts.push(code.subarray(from, start), Buffer.from(leaf ? leafStep : step));
    from = start;
  }
  parts.push(code.subarray(from));
  return Buffer.concat(parts);
}

/** `if ((counter -= 1) < 0) opa_builtin0(TICK, 0)` */
function takeStep(counter: number, tick: number): number[] {
  const global = encodeU32(counter);
  return [
    ...[OP.globalGet, ...global, OP.i32Const, 1, OP.i32Sub, OP.globalSet, ...global],
    ...[OP.globalGet, ...global, OP.i32Const, 0, OP.i32LtS, OP.if, VOID_BLOCK],
    ...[OP.i32Const, MINUS_ONE, OP.i32Const, 0, OP.call, ...encodeU32(tick), OP.drop],
    OP.end,
  ];
}

/** `if ((rounds -= 1) == 0) { rounds = LEAF_ROUNDS; step }` */
function takeLeafStep(rounds: readonly number[], step: readonly number[]): number[] {
  return [
    ...[OP.localGet, ...rounds, OP.i32Const, 1, OP.i32Sub, OP.localTee, ...rounds],
    ...[OP.i32Eqz, OP.if, VOID_BLOCK, ...setRounds(rounds), ...step],
    OP.end,
  ];
}

function setRounds(rounds: readonly number[]): number[] {
  return [OP.i32Const, LEAF_ROUNDS, OP.localSet, ...rounds];
}

/** Functions, by their place in the code section, that can come to call themselves without passing through a loop. */
function recursiveFunctions(
  sections: readonly Section[],
  functions: readonly FunctionCode[],
): ReadonlySet<number> {
  const imported = importedFunctions(sections).length;
  const inTables = readElements(sections).map((index) => index - imported);
  const edges = functions.map(({ calls, callsIndirectly }) => {
    const direct = [...calls].map((index) => index - imported);
    return callsIndirectly ? [...direct, ...inTables] : direct;
  });
  return recursiveNodes(edges);
}

function exportOf(counter: number): number[] {
  const name = Buffer.from(STEPS_EXPORT);
  return [...encodeU32(name.length), ...name, GLOBAL_EXPORT, ...encodeU32(counter)];
}

function importedFunctions(sections: readonly Section[]): ReturnType<typeof readImports> {
  return readImports(sections).filter(({ kind }) => kind === IMPORT_KIND.function);
}

/** The index of `opa_builtin0` among the functions: imports come first. */
function tickFunction(sections: readonly Section[]): number {
  const index = importedFunctions(sections).findIndex(
    ({ module, name }) => module === "env" && name === "opa_builtin0",
  );
  if (index === -1) throw new WasmFormatError("the module does not import env.opa_builtin0");
  return index;
}

/** The index of a global that is added behind all others. */
function countGlobals(sections: readonly Section[]): number {
  const imported = readImports(sections).filter(({ kind }) => kind === IMPORT_KIND.global).length;
  const section = sections.find(({ id }) => id === SECTION.global);
  if (section === undefined) throw new WasmFormatError("the module has no globals");
  return imported + new WasmReader(section.bytes).u32();
}

/** A section whose list has one more element. */
function appended(section: Section, element: readonly number[]): Section {
  const reader = new WasmReader(section.bytes);
  const count = reader.u32();
  const rest = section.bytes.subarray(reader.position);
  return {
    id: section.id,
    bytes: Buffer.concat([Buffer.from(encodeU32(count + 1)), rest, Buffer.from(element)]),
  };
}
