import { isJsonObject } from "../exchange/json.ts";
import { type Environment, substituteEnvironment } from "./environment.ts";

export type Step = string | number;

/** A value that the command line sets, at the keys and list positions that lead to it. */
export type Override = {
  readonly path: readonly Step[];
  readonly value: unknown;
  /** The option and its path as written, without the value: values may be secrets. */
  readonly option: string;
};

/** Highest position in a list, as in OPA: a wrong digit must not make a list of a billion holes. */
export const LIST_INDEX_MAX = 65_536;
/** Steps of one path. OPA's configuration is eight deep. */
export const PATH_STEPS_MAX = 32;

/** A `--set` or `--set-file` that cannot be read. */
export class OverrideError extends Error {
  override readonly name = "OverrideError";
}

/**
 * Parses the value of one `--set`: `a.b=1,c[0].d={x,y}`. The grammar is Helm's, as OPA has it: `,` separates
 * assignments, `{a,b}` is a list, `\` takes the next character for itself, and `true`, `false`, `null` (an empty map)
 * and whole numbers have their types.
 * @throws OverrideError that names the option and the key
 */
export function parseSet(text: string, environment: Environment): readonly Override[] {
  return parseAssignments("--set", substituteEnvironment(text, environment), typed);
}

/**
 * Parses the value of one `--set-file`: `a.b=FILE`. The value is the content of the file, without blanks around it.
 * @throws OverrideError that names the option and the file
 */
export function parseSetFile(text: string, readFile: (path: string) => string): readonly Override[] {
  return parseAssignments("--set-file", text, (path) => {
    try {
      return readFile(path).trim();
    } catch (error) {
      throw new OverrideError(`--set-file: ${path} cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  });
}

function parseAssignments(
  option: string,
  text: string,
  toValue: (text: string) => unknown,
): readonly Override[] {
  const scanner = new Scanner(text);
  const found: Override[] = [];
  while (!scanner.ended) {
    const path = readPath(option, scanner);
    found.push({ path, value: readValue(option, scanner, toValue), option: `${option} ${dotted(path)}` });
  }
  return found;
}

/** `key`, then any of `.key` and `[0]`, up to `=`. */
function readPath(option: string, scanner: Scanner): readonly Step[] {
  const path: Step[] = [];
  let stop: string | undefined = ".";
  while (stop !== "=") {
    if (path.length >= PATH_STEPS_MAX)
      throw new OverrideError(`${option}: a path has more than ${PATH_STEPS_MAX} steps`);
    if (stop === "[") {
      path.push(indexOf(option, path, scanner.until("]")));
      stop = scanner.take();
    } else if (stop === ".") {
      const key = scanner.until("=[,.");
      if (key.text === "") throw new OverrideError(`${option}: a key is empty behind "${dotted(path)}"`);
      path.push(key.text);
      stop = key.stop;
    } else throw new OverrideError(`${option}: ${dotted(path)} has no value; write KEY=VALUE`);
  }
  return path;
}

function indexOf(option: string, path: readonly Step[], { text, stop }: Token): number {
  const index = /^\d+$/.test(text) && stop === "]" ? Number(text) : undefined;
  if (index !== undefined && index <= LIST_INDEX_MAX) return index;
  throw new OverrideError(
    `${option}: ${dotted(path)}[${text}] is no position in a list, 0 to ${LIST_INDEX_MAX}`,
  );
}

function readValue(option: string, scanner: Scanner, toValue: (text: string) => unknown): unknown {
  if (!scanner.skip("{")) return toValue(scanner.until(",").text);
  const list: unknown[] = [];
  for (;;) {
    const { text, stop } = scanner.until(",}");
    if (stop === undefined)
      throw new OverrideError(`${option}: a list begins with { and does not end with }`);
    list.push(toValue(text));
    if (stop === "}") break;
  }
  scanner.skip(",");
  return list;
}

/** Whole numbers that JavaScript holds exactly; a leading zero makes a text, as in OPA. */
function typed(text: string): unknown {
  const word = text.toLowerCase();
  if (word === "true" || word === "false") return word === "true";
  if (word === "null") return {};
  if (/^(?:0|[+-]?[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  return text;
}

type Token = { readonly text: string; readonly stop: string | undefined };

class Scanner {
  readonly #characters: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#characters = [...text];
  }

  get ended(): boolean {
    return this.#at >= this.#characters.length;
  }

  take(): string | undefined {
    const character = this.#characters[this.#at];
    this.#at += 1;
    return character;
  }

  skip(character: string): boolean {
    const found = this.#characters[this.#at] === character;
    if (found) this.#at += 1;
    return found;
  }

  /** The text up to the first of some characters, which is taken along; without a stop the text has ended. */
  until(stops: string): Token {
    let text = "";
    for (;;) {
      const character = this.take();
      if (character === undefined || stops.includes(character)) return { text, stop: character };
      text += character === "\\" ? (this.take() ?? "") : character;
    }
  }
}

function dotted(path: readonly Step[]): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${step}`))
    .join("")
    .replace(/^\./, "");
}

type Mutable = { [key: string]: unknown };

/**
 * The document with what the command line sets. Maps are merged, and all else takes the place of what was there, a list
 * as a whole: both as in OPA.
 */
export function withOverrides(document: unknown, overrides: readonly Override[]): unknown {
  const set: Mutable = Object.create(null) as Mutable;
  for (const { path, value } of overrides) assign(set, path, value);
  return overrides.length === 0 ? document : merged(isJsonObject(document) ? document : {}, set);
}

function assign(holder: Mutable | unknown[], path: readonly Step[], value: unknown): void {
  const [step, ...rest] = path;
  const members = holder as Mutable;
  const key = String(step);
  if (rest.length === 0) {
    members[key] = value;
    return;
  }
  const inList = typeof rest[0] === "number";
  const existing = members[key];
  const fits = inList ? Array.isArray(existing) : isJsonObject(existing);
  if (!fits) members[key] = inList ? [] : (Object.create(null) as Mutable);
  assign(members[key] as Mutable, rest, value);
}

function merged(base: { readonly [key: string]: unknown }, over: Mutable): Mutable {
  const result: Mutable = Object.assign(Object.create(null) as Mutable, base);
  for (const [key, value] of Object.entries(over)) {
    const below = result[key];
    result[key] = isJsonObject(below) && isJsonObject(value) ? merged(below, value as Mutable) : value;
  }
  return result;
}
