import type { JsonObject, JsonValue } from "../../exchange/json.ts";

/** Nesting of arguments that come in pieces. Schemas of functions stay below ten. */
export const PARTIAL_DEPTH_MAX = 64;

/** The largest index of an array in them: an array is built up to it whatever stands in between. */
export const PARTIAL_INDEX_MAX = 4096;

type Container = { [key: string]: unknown } | unknown[];

/**
 * Arguments of a call put together from pieces, each of which has a path (RFC 9535, names and indices only: `$.a[0].b`,
 * `$['a b']`) and a scalar. Texts that will continue grow.
 */
export class PartialArguments {
  readonly #root: { [key: string]: unknown } = Object.create(null) as { [key: string]: unknown };
  /** Paths of texts of which more comes. */
  readonly #open = new Set<string>();

  /** Gives the reason when a piece has no place. */
  add(piece: JsonObject): string | undefined {
    const { jsonPath, willContinue } = piece;
    if (typeof jsonPath !== "string") return undefined;
    const steps = stepsOf(jsonPath);
    if (steps === undefined || steps.length === 0) return undefined;
    if (steps.length > PARTIAL_DEPTH_MAX) return "arguments that are nested too deep";
    if (steps.some((step) => typeof step === "number" && step > PARTIAL_INDEX_MAX))
      return "arguments with an array that is too long";
    const scalar = scalarOf(piece);
    if (scalar !== undefined) place(this.#root, steps, scalar, this.#open.has(jsonPath));
    if (willContinue === true) this.#open.add(jsonPath);
    else this.#open.delete(jsonPath);
    return undefined;
  }

  value(): unknown {
    return JSON.parse(JSON.stringify(this.#root));
  }
}

function scalarOf({ stringValue, numberValue, boolValue, nullValue }: JsonObject): JsonValue | undefined {
  return stringValue ?? numberValue ?? boolValue ?? (nullValue === undefined ? undefined : null);
}

type Step = string | number;

function place(root: Container, steps: readonly Step[], value: JsonValue, continues: boolean): void {
  let container = root as { [key: string]: unknown };
  for (const [at, step] of steps.slice(0, -1).entries()) {
    const found = container[step];
    const inner =
      typeof found === "object" && found !== null
        ? found
        : typeof steps[at + 1] === "number"
          ? []
          : (Object.create(null) as object);
    container[step] = inner;
    container = inner as { [key: string]: unknown };
  }
  const last = steps.at(-1) as Step;
  const before = container[last];
  container[last] =
    continues && typeof before === "string" && typeof value === "string" ? before + value : value;
}

/** The names and indices of a path; undefined when it has anything else. */
function stepsOf(path: string): readonly Step[] | undefined {
  if (!path.startsWith("$")) return undefined;
  const steps: Step[] = [];
  let at = 1;
  while (at < path.length) {
    const step =
      path[at] === "." ? nameAt(path, at + 1) : path[at] === "[" ? bracketAt(path, at + 1) : undefined;
    if (step === undefined) return undefined;
    steps.push(step.value);
    at = step.end;
  }
  return steps;
}

type Found = { readonly value: Step; readonly end: number };

function nameAt(path: string, start: number): Found | undefined {
  let end = start;
  while (end < path.length && path[end] !== "." && path[end] !== "[") end++;
  return end === start ? undefined : { value: path.slice(start, end), end };
}

function bracketAt(path: string, start: number): Found | undefined {
  const quote = path[start];
  if (quote !== "'" && quote !== '"') {
    const close = path.indexOf("]", start);
    const digits = close < 0 ? "" : path.slice(start, close);
    return /^\d{1,9}$/.test(digits) ? { value: Number(digits), end: close + 1 } : undefined;
  }
  let name = "";
  let at = start + 1;
  for (; at < path.length && path[at] !== quote; at++) {
    if (path[at] === "\\") at++;
    name += path[at] ?? "";
  }
  return path[at + 1] === "]" ? { value: name, end: at + 2 } : undefined;
}
