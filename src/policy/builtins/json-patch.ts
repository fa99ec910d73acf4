import { BuiltinError } from "./builtin.ts";
import { contains, equalValues, lookup } from "./compare.ts";
import {
  isArray,
  isNumber,
  isObject,
  numberText,
  type RegoArray,
  type RegoObject,
  RegoSet,
  type RegoValue,
} from "./value.ts";

type Path = readonly RegoValue[];

/**
 * RFC 6902 on Rego values, as OPA has it: paths may also be arrays, and a set is addressed by its elements. The source
 * is not changed.
 * @throws BuiltinError when an operation is malformed or does not apply.
 */
export function applyPatches(source: RegoValue, operations: RegoArray, checkTime: () => void): RegoValue {
  let document: RegoValue | undefined = source;
  const copied = { values: 0 };
  for (const operation of operations) {
    checkTime();
    document = apply(document, operation, copied);
  }
  if (document === undefined) throw new BuiltinError("nothing is left of the document");
  return document;
}

/** Counts the values that operations copy: each may double the document. */
type Copied = { values: number };

/** Values that the operations of one patch copy, at most. */
export const COPIED_VALUES_MAX = 100_000;

function apply(document: RegoValue | undefined, operation: RegoValue, copied: Copied): RegoValue | undefined {
  if (!isObject(operation)) throw new BuiltinError("a patch is not an object");
  const path = parsePath(attribute(operation, "path"));
  switch (attribute(operation, "op")) {
    case "add":
      return insert(document, path, attribute(operation, "value"));
    case "remove":
      return remove(document, path);
    case "replace":
      return insert(remove(document, path), path, attribute(operation, "value"));
    case "move": {
      const from = parsePath(attribute(operation, "from"));
      const moved = find(document, from);
      return insert(remove(document, from), path, moved);
    }
    case "copy": {
      const value = find(document, parsePath(attribute(operation, "from")));
      count(value, copied);
      return insert(document, path, value);
    }
    case "test":
      if (!equalValues(find(document, path), attribute(operation, "value")))
        throw new BuiltinError("a test of the patch failed");
      return document;
    default:
      throw new BuiltinError("a patch has an unknown op");
  }
}

function count(value: RegoValue, copied: Copied): void {
  copied.values += 1;
  if (copied.values > COPIED_VALUES_MAX)
    throw new RangeError(`json.patch: more than ${COPIED_VALUES_MAX} values are copied`);
  if (isArray(value)) for (const item of value) count(item, copied);
  else if (value instanceof RegoSet) for (const item of value.items) count(item, copied);
  else if (isObject(value)) for (const item of value.values()) count(item, copied);
}

function attribute(operation: RegoObject, name: string): RegoValue {
  const value = operation.get(name);
  if (value === undefined) throw new BuiltinError(`missing required attribute '${name}'`);
  return value;
}

function parsePath(path: RegoValue): Path {
  if (isArray(path)) return path;
  if (typeof path !== "string") throw new BuiltinError("a path must be a string or an array");
  if (path === "") return [];
  return path
    .replace(/^\/+/, "")
    .split("/")
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function find(document: RegoValue | undefined, path: Path): RegoValue {
  let value = document;
  for (const key of path) value = value === undefined ? undefined : child(value, key);
  if (value === undefined) throw new BuiltinError("a path of the patch does not exist");
  return value;
}

function child(parent: RegoValue, key: RegoValue): RegoValue | undefined {
  if (isObject(parent)) return lookup(parent, key);
  if (isArray(parent)) return parent[toIndex(parent.length, key)];
  if (parent instanceof RegoSet) return parent.items.find((item) => equalValues(item, key));
  throw new BuiltinError("a path of the patch leads through a value that holds nothing");
}

function insert(document: RegoValue | undefined, path: Path, value: RegoValue): RegoValue {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (document === undefined) throw new BuiltinError("nothing is left of the document");
  if (rest.length > 0) return put(document, key, insert(find(document, [key]), rest, value));
  if (isArray(document)) {
    const index = toIndex(document.length, key);
    if (index < 0 || index > document.length)
      throw new BuiltinError("index for array insertion out of bounds");
    return document.toSpliced(index, 0, value);
  }
  if (document instanceof RegoSet) {
    if (!equalValues(key, value)) throw new BuiltinError("a set's element must equal its path");
    return contains(document.items, value) ? document : new RegoSet([...document.items, value]);
  }
  return put(document, key, value);
}

function remove(document: RegoValue | undefined, path: Path): RegoValue | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  const existing = find(document, [key]);
  const parent = document as RegoValue;
  if (rest.length > 0) return put(parent, key, remove(existing, rest) as RegoValue);
  if (isArray(parent)) return parent.toSpliced(toIndex(parent.length, key), 1);
  if (parent instanceof RegoSet) return new RegoSet(parent.items.filter((item) => !equalValues(item, key)));
  return new Map([...(parent as RegoObject)].filter(([candidate]) => !equalValues(candidate, key)));
}

/** The parent with another value at a key. */
function put(parent: RegoValue, key: RegoValue, value: RegoValue): RegoValue {
  if (isArray(parent)) return parent.with(toIndex(parent.length, key), value);
  if (parent instanceof RegoSet)
    return new RegoSet([...parent.items.filter((item) => !equalValues(item, key)), value]);
  if (!isObject(parent))
    throw new BuiltinError("a path of the patch leads through a value that holds nothing");
  const copy = new Map(parent);
  const existing = [...parent.keys()].find((candidate) => equalValues(candidate, key));
  return copy.set(existing ?? key, value);
}

/** A path's part as an index; `-` is behind the last element. */
function toIndex(length: number, key: RegoValue): number {
  if (key === "-") return length;
  const text = typeof key === "string" ? key : key !== null && isNumber(key) ? numberText(key) : "";
  if (!/^[+-]?(?:0|[1-9]\d*)$/.test(text)) throw new BuiltinError("invalid index of an array");
  return Number(text);
}
