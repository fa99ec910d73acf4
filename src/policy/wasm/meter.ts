/**
 * Makes a policy count its steps. Code in Wasm cannot be stopped from outside while it runs on this thread, so it is
 * made to take steps from a counter as it goes on and to call the host when none are left; the host looks at its clock
 * and refills the counter or throws. Steps are taken
 *   - in each round of a loop, or in every fourth where it is short (meter-function.ts),
 *   - at the start of each function that can come to call itself without passing through a loop.
 * Between two steps nothing is repeated but the rounds of one short loop. So the time between two looks at the clock is
 * bounded by the size of the policy, whatever the input.
 *
 * What is added: a global (the counter, exported), and a local in functions that take steps. The host is reached
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
import { meterFunction } from "./meter-function.ts";
import { recursiveNodes } from "./recursion.ts";

/** The counter's name among the exports. */
export const STEPS_EXPORT = "regent_steps";

const I32 = 0x7f;
const MUTABLE = 0x01;
const I32_CONST = 0x41;
const END = 0x0b;
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
          return appended(section, [I32, MUTABLE, I32_CONST, ...MANY, END]);
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
  const step = { counter, tick: tickFunction(sections) };
  const bodies = functions.map((body, index) =>
    meterFunction(body, { ...step, parameters: parameters[index] ?? 0, recursive: recursive.has(index) }),
  );
  return Buffer.concat([
    Buffer.from(encodeU32(bodies.length)),
    ...bodies.flatMap((body) => [Buffer.from(encodeU32(body.length)), body]),
  ]);
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
