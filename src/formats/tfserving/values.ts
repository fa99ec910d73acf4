import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { keyPointer, pointerToken } from "../../wire/json/index.ts";
import { decodedBytes } from "../media.ts";
import type { TextCollector } from "../text.ts";

/**
 * Reads the values of tensors as TensorFlow Serving and KServe v1 write them: nested lists, objects of names, and bytes
 * in `{"b64"}`, which are opaque parts. Every string and every name is a text. Numbers are no parts: tensors
 * have many, and none of these dialects says what they stand for.
 */
export function readValues(pointer: string, value: JsonValue, role: string, text: TextCollector): void {
  if (typeof value === "string") text.add(pointer, value, role);
  else if (Array.isArray(value)) {
    for (const [index, element] of (value as readonly JsonValue[]).entries())
      if (typeof element === "string" || typeof element === "object")
        readValues(`${pointer}/${index}`, element, role, text);
  } else if (isJsonObject(value)) readObject(pointer, value, role, text);
}

function readObject(pointer: string, object: JsonObject, role: string, text: TextCollector): void {
  const base64 = base64In(object);
  if (base64 !== undefined) {
    text.opaque(pointer, "file", { bytes: decodedBytes(base64) });
    return;
  }
  for (const [key, member] of Object.entries(object)) {
    const at = `${pointer}/${pointerToken(key)}`;
    text.add(keyPointer(at), key, "name");
    readValues(at, member, role, text);
  }
}

/** The base64 of `{"b64": ...}`, which stands for bytes. Undefined for any other value, and where it is no base64. */
export function base64In(value: JsonValue): string | undefined {
  if (!isJsonObject(value) || !Object.hasOwn(value, "b64") || Object.keys(value).length !== 1)
    return undefined;
  const { b64 } = value;
  return typeof b64 === "string" && isBase64(b64) ? b64 : undefined;
}

/** RFC 4648, sections 4 and 5: both alphabets, padded or not. */
function isBase64(text: string): boolean {
  return /^[A-Za-z0-9+/_-]*={0,2}$/.test(text) && text.replace(/=+$/, "").length % 4 !== 1;
}

/** Whether a value is an object of names, and not bytes. */
export function isNamed(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && base64In(value) === undefined;
}

/**
 * The values in nested lists, in order; with `members` also those in objects. Without recursion, because an upstream may
 * nest as deep as it likes.
 */
export function* leavesOf(value: JsonValue, members: "members" | "lists"): Generator<JsonValue> {
  const open: Iterator<JsonValue>[] = [[value][Symbol.iterator]()];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const next = top.next();
    if (next.done === true) open.pop();
    else if (Array.isArray(next.value)) open.push((next.value as readonly JsonValue[])[Symbol.iterator]());
    else if (members === "members" && isJsonObject(next.value))
      open.push(Object.values(next.value)[Symbol.iterator]());
    else yield next.value;
  }
}
