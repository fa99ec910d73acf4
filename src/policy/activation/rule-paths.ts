import { readSections, WasmReader } from "../wasm/binary.ts";

/** Path below `data.regent.rules`: `["access", "night", "deny"]`. */
export type RulePath = readonly string[];

/** What OPA's names of the functions that evaluate rules begin with: the generation that they were planned in, and where. */
const RULES = /^g\d+\.data\.regent\.rules(?=[.[])/;
/** One step of a path: `.name`, or `["any text"]` in which nothing is escaped. */
const STEP = /\.([A-Za-z_]\w*)|\["(.*?)"\](?=\.|\[|$)/sy;

/** What is told of a path: category, rule, and the name that the rule defines. Heads may go on, as `labels["team"]` does. */
const PARTS = 3;

/**
 * The rules below `data.regent.rules` that a module of OPA's evaluates, whether they have a value or not, as its functions
 * are named: the section is there for debuggers, and OPA writes it into every module. Empty for a module from which it was
 * taken, and without those that no entrypoint of the module reaches; where `regent/check/faults` is one, it reaches all.
 *
 * @see https://webassembly.github.io/spec/core/appendix/custom.html#name-section
 * @throws WasmFormatError when the section is there and cannot be read
 */
export function rulePathsOf(wasm: Buffer): readonly RulePath[] {
  const paths = new Map<string, RulePath>();
  for (const name of functionNames(wasm)) {
    const [rules] = RULES.exec(name) ?? [];
    if (rules === undefined) continue;
    const path = stepsOf(name, rules.length);
    paths.set(JSON.stringify(path), path);
  }
  return [...paths.values()];
}

/** The first steps of a path, from a place in its text. */
function stepsOf(text: string, start: number): RulePath {
  const path: string[] = [];
  STEP.lastIndex = start;
  for (let step = STEP.exec(text); step !== null && path.length < PARTS; step = STEP.exec(text))
    path.push(step[1] ?? step[2] ?? "");
  return path;
}

/** Ids of a section that only tools read, and of the names of functions in the one that is called `name`. */
const CUSTOM_SECTION = 0;
const FUNCTION_NAMES = 1;

function* functionNames(wasm: Buffer): Generator<string> {
  for (const { id, bytes } of readSections(wasm)) {
    const reader = new WasmReader(bytes);
    if (id !== CUSTOM_SECTION || reader.name() !== "name") continue;
    while (!reader.done) {
      const part = reader.byte();
      const content = new WasmReader(reader.take(reader.u32()));
      if (part === FUNCTION_NAMES) yield* readNames(content);
    }
  }
}

function* readNames(reader: WasmReader): Generator<string> {
  for (let left = reader.u32(); left > 0; left--) {
    reader.u32();
    yield reader.name();
  }
}
