import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import type { Visible } from "./event.ts";
import { isRawNumber, parseLossless } from "./lossless-json.ts";

/** One change that a mask asks for, in OPA's form (https://www.openpolicyagent.org/docs/management-decision-logs#masking-sensitive-data). */
export type MaskRule = {
  readonly op: "remove" | "upsert";
  /** What of the event: `input`, `result`, `nd_builtin_cache`. */
  readonly part: Part;
  /** Keys and indexes below it, as they were written; none: all of it. */
  readonly path: readonly string[];
  /** For `upsert`. */
  readonly value: JsonValue;
  /** The path as `erased` and `masked` name it. */
  readonly name: string;
};

type Part = "input" | "result" | "nd_builtin_cache";
const PARTS: readonly string[] = ["input", "result", "nd_builtin_cache"] satisfies Part[];

/** A mask that is not of OPA's form. The message quotes nothing of it: what a policy computes may hold the secret. */
export class MaskError extends Error {
  override readonly name = "MaskError";
}

/**
 * Reads what the mask policy answered: paths to remove, and objects `{"op", "path", "value"}`.
 * @throws MaskError
 */
export function parseMaskRules(result: JsonValue): readonly MaskRule[] {
  if (!Array.isArray(result)) throw new MaskError("the mask is neither a set nor an array");
  return result.map((rule: JsonValue, index) => {
    const fault = (why: string) => new MaskError(`rule ${index + 1} of ${result.length} of the mask ${why}`);
    if (typeof rule === "string") return maskRule("remove", rule, null, fault);
    if (!isJsonObject(rule)) throw fault("is neither a string nor an object");
    const { op, path, value = null } = rule;
    if (op !== "remove" && op !== "upsert") throw fault('has an "op" that is neither remove nor upsert');
    if (typeof path !== "string") throw fault('has a "path" that is no string');
    return maskRule(op, path, value, fault);
  });
}

function maskRule(
  op: MaskRule["op"],
  path: string,
  value: JsonValue,
  fault: (why: string) => MaskError,
): MaskRule {
  if (!path.startsWith("/")) throw fault("has a path without a slash in front");
  if (/%(?![0-9a-f]{2})/i.test(path)) throw fault("has a path with a percent sign that escapes nothing");
  const [part = "", ...rest] = path.slice(1).split("/");
  if (!isPart(part)) throw fault(`has a path to none of ${PARTS.join(", ")}`);
  return { op, part, path: rest, value, name: `/${[part, ...rest].map(escapePart).join("/")}` };
}

function isPart(part: string): part is Part {
  return PARTS.includes(part);
}

/** Go's `url.PathEscape`. */
function escapePart(part: string): string {
  return encodeURIComponent(part.toWellFormed())
    .replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(24|26|2B|3D|3A|40)/g, (found) => decodeURIComponent(found));
}

/** Carries the rules out, one after another. What they name and is not there is left alone, as in OPA. */
export function applyMask(visible: Visible, rules: readonly MaskRule[]): Visible {
  const event = new MaskedEvent(visible);
  for (const rule of rules) event.apply(rule);
  return event.visible();
}

/** Parts are copied when a rule first touches them: the result is still on its way to whoever asked. */
class MaskedEvent {
  readonly #before: Visible;
  readonly #parts = new Map<Part, { root: JsonValue | undefined }>();
  readonly #erased: string[];
  readonly #masked: string[];

  constructor(before: Visible) {
    this.#before = before;
    this.#erased = [...before.erased];
    this.#masked = [...before.masked];
  }

  apply({ op, part, path, value, name }: MaskRule): void {
    const holder = this.#part(part);
    if (holder.root === undefined) return;
    if (op === "remove") {
      if (path.length === 0) holder.root = undefined;
      else if (!removeAt(holder.root, path)) return;
      this.#erased.push(name);
      return;
    }
    if (path.length === 0) holder.root = value;
    else if (!upsertAt(holder.root, path, value)) return;
    this.#masked.push(name);
  }

  visible(): Visible {
    const input = this.#parts.get("input");
    const result = this.#parts.get("result");
    const cache = this.#parts.get("nd_builtin_cache");
    return {
      ...this.#before,
      ...(input === undefined ? {} : { input: textOf(input.root) }),
      ...(result === undefined ? {} : { result: result.root }),
      ...(cache === undefined ? {} : { nondeterministic: cache.root }),
      erased: this.#erased,
      masked: this.#masked,
    };
  }

  #part(part: Part): { root: JsonValue | undefined } {
    const known = this.#parts.get(part);
    if (known !== undefined) return known;
    const holder = { root: this.#copy(part) };
    this.#parts.set(part, holder);
    return holder;
  }

  #copy(part: Part): JsonValue | undefined {
    const { input, result, nondeterministic } = this.#before;
    if (part === "input") return input === undefined ? undefined : parseLossless(input.toString("utf8"));
    return structuredClone(part === "result" ? result : nondeterministic);
  }
}

function textOf(root: JsonValue | undefined): Buffer | undefined {
  return root === undefined ? undefined : Buffer.from(JSON.stringify(root));
}

type Container = JsonValue[] | { [key: string]: JsonValue };

function isContainer(value: JsonValue | undefined): value is JsonValue[] | JsonObject {
  return typeof value === "object" && value !== null && !isRawNumber(value);
}

function removeAt(root: JsonValue, path: readonly string[]): boolean {
  const parent = path.slice(0, -1).reduce<JsonValue | undefined>(memberOf, root);
  if (!isContainer(parent)) return false;
  const key = keyIn(parent, path.at(-1) ?? "");
  if (key === undefined) return false;
  const container = parent as Container;
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else delete container[key];
  return true;
}

/** Objects that are missing on the way are made; elements of arrays are not. */
function upsertAt(root: JsonValue, path: readonly string[], value: JsonValue): boolean {
  let node: JsonValue | undefined = root;
  for (const part of path.slice(0, -1)) {
    if (!isContainer(node)) return false;
    const next: JsonValue | undefined = memberOf(node, part);
    if (next === undefined && Array.isArray(node)) return false;
    node = next === undefined ? setMember(node as Container, part, {}) : next;
  }
  if (!isContainer(node)) return false;
  const last = path.at(-1) ?? "";
  const key = keyIn(node, last);
  if (key === undefined && Array.isArray(node)) return false;
  setMember(node as Container, key ?? last, value);
  return true;
}

function setMember(container: Container, key: string, value: JsonValue): JsonValue {
  // A plain assignment to `__proto__` would set no member.
  Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
  return value;
}

function memberOf(node: JsonValue | undefined, part: string): JsonValue | undefined {
  if (!isContainer(node)) return undefined;
  const key = keyIn(node, part);
  return key === undefined ? undefined : (node as JsonObject)[key];
}

/**
 * The key that a part of a path names: the one of that name; else, where OPA would find nothing and mask nothing, the
 * one that it is an escaped form of, by the rules of URLs or of RFC 6901.
 */
function keyIn(node: JsonValue[] | JsonObject | readonly JsonValue[], part: string): string | undefined {
  if (Array.isArray(node))
    return /^\+?\d{1,9}$/.test(part) && Number(part) < node.length ? String(Number(part)) : undefined;
  return [part, fromUrl(part), part.replaceAll("~1", "/").replaceAll("~0", "~")].find((key) =>
    Object.hasOwn(node, key),
  );
}

function fromUrl(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
