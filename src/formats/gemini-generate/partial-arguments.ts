import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { KEPT_BYTES_MAX } from "../bounds.ts";

/** Nesting of arguments that come in pieces. Schemas of functions stay below ten. */
export const PARTIAL_DEPTH_MAX = 64;

/**
 * Places of all arguments of one answer, what holds them included: each is some hundred bytes here, however short its path
 * is. A call has a dozen.
 */
export const PARTIAL_PLACES_MAX = 100_000;

/** What the arguments of one answer may still take, those of all its calls together. */
export type ArgumentsRoom = {
  /** Characters of paths and values. */
  size: number;
  places: number;
};

export function argumentsRoom(): ArgumentsRoom {
  return { size: KEPT_BYTES_MAX, places: PARTIAL_PLACES_MAX };
}

type Container = Map<string, Node> | Node[];
type Node = JsonValue | Container;

/**
 * Arguments of a call put together from pieces, each of which has a path (RFC 9535, names and indices only: `$.a[0].b`,
 * `$['a b']`) and a scalar. Texts that will continue grow; lists grow by one element at a time.
 */
export class PartialArguments {
  readonly #root: Container = new Map();
  /** Paths of texts of which more comes. */
  readonly #open = new Set<string>();
  readonly #room: ArgumentsRoom;

  constructor(room: ArgumentsRoom) {
    this.#room = room;
  }

  /** Gives the reason when a piece has no place. */
  add(piece: JsonObject): string | undefined {
    const { jsonPath, willContinue } = piece;
    const steps = typeof jsonPath === "string" ? stepsOf(jsonPath) : undefined;
    if (typeof jsonPath !== "string" || steps === undefined || steps.length === 0) return undefined;
    if (steps.length > PARTIAL_DEPTH_MAX) return "arguments that are nested too deep";
    const scalar = scalarOf(piece);
    this.#room.size -= jsonPath.length + (typeof scalar === "string" ? scalar.length : 0);
    if (this.#room.size < 0) return `more than ${KEPT_BYTES_MAX} bytes of arguments`;
    if (scalar !== undefined) {
      const made = place(this.#root, steps, scalar, this.#open.has(jsonPath));
      if (made === undefined) return "arguments that contradict each other";
      this.#room.places -= made;
      if (this.#room.places < 0) return `more than ${PARTIAL_PLACES_MAX} places of arguments`;
    }
    if (willContinue === true) this.#open.add(jsonPath);
    else this.#open.delete(jsonPath);
    return undefined;
  }

  value(): JsonValue {
    return plain(this.#root);
  }
}

function scalarOf({ stringValue, numberValue, boolValue, nullValue }: JsonObject): JsonValue | undefined {
  return stringValue ?? numberValue ?? boolValue ?? (nullValue === undefined ? undefined : null);
}

type Step = string | number;

/**
 * Names are of objects, and indices of what a list has, or of its next element. Gives how many places were made on the way,
 * or undefined when there is no such place.
 */
function place(
  root: Container,
  steps: readonly Step[],
  value: JsonValue,
  continues: boolean,
): number | undefined {
  let container = root;
  let made = 0;
  for (const [at, step] of steps.slice(0, -1).entries()) {
    const found = memberOf(container, step);
    const inner = isContainer(found) ? found : typeof steps[at + 1] === "number" ? [] : new Map();
    if (found !== inner) {
      if (!set(container, step, inner)) return undefined;
      made++;
    }
    container = inner;
  }
  const last = steps.at(-1) as Step;
  const before = memberOf(container, last);
  const grows = continues && typeof before === "string" && typeof value === "string";
  if (!set(container, last, grows ? before + value : value)) return undefined;
  return before === undefined ? made + 1 : made;
}

function memberOf(container: Container, step: Step): Node | undefined {
  if (Array.isArray(container)) return typeof step === "number" ? container[step] : undefined;
  return typeof step === "string" ? container.get(step) : undefined;
}

function set(container: Container, step: Step, value: Node): boolean {
  if (Array.isArray(container)) {
    if (typeof step !== "number" || step > container.length) return false;
    container[step] = value;
    return true;
  }
  if (typeof step !== "string") return false;
  container.set(step, value);
  return true;
}

function isContainer(node: Node | undefined): node is Container {
  return node instanceof Map || Array.isArray(node);
}

function plain(node: Node): JsonValue {
  if (Array.isArray(node)) return (node as readonly Node[]).map(plain);
  if (!(node instanceof Map)) return node;
  // A name that came out of a path is a key of its own, whatever it is.
  return Object.fromEntries([...node].map(([name, inner]) => [name, plain(inner)]));
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
  const name = path.slice(start, end);
  // A wildcard names no place, and `..` any depth.
  return name === "" || name === "*" ? undefined : { value: name, end };
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
