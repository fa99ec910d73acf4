import { READS_EVERYTHING, type Reads, readsElements, readsOf } from "../../exchange/reads.ts";
import { isStruct, type Struct, type Value } from "../codec.ts";
import { goNumber } from "./go-text.ts";

/**
 * A decoded message as opa-envoy-plugin shows it to policies, in JSON text: names in lower camel case, fields that are
 * not set left out, members of a oneof among the other fields, 64-bit integers and enumerations as numbers, bytes in
 * base64, a Timestamp as seconds and nanoseconds, an Any unread, a Struct as the JSON it stands for.
 *
 * Text and not objects: a 64-bit integer, and a number in a body, would not survive JavaScript's numbers.
 *
 * @param reads what of it is written; all unless said otherwise
 */
export function messageText(message: object, reads: Reads = READS_EVERYTHING): string {
  if (isStruct(message)) return structText(message, reads);
  let text = "";
  // Loops and not lists of members: where decisions are logged this is most of what logging costs.
  for (const field of Object.keys(message)) {
    const value = (message as { readonly [field: string]: unknown })[field];
    const name = field === "type_url" ? ANY_TYPE_URL : field;
    const inner = readsOf(reads, name);
    if (inner !== undefined && !isEmptyCollection(value))
      text += `${text === "" ? "" : ","}${JSON.stringify(name)}:${fieldText(value, inner)}`;
  }
  return `{${text}}`;
}

/** The one name that protobufjs leaves as the proto writes it, `type_url` of google.protobuf.Any, which it brings along. */
const ANY_TYPE_URL = "typeUrl";

function memberText(name: string, reads: Reads, write: (reads: Reads) => string): string[] {
  const inner = readsOf(reads, name);
  return inner === undefined ? [] : [`${JSON.stringify(name)}:${write(inner)}`];
}

/**
 * Own properties of a decoded message are the fields that were on the wire and are not zero, and every list and map.
 * Maps are plain objects, messages are not.
 */
function isEmptyCollection(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
}

function fieldText(value: unknown, reads: Reads): string {
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  // Doubles stand in Structs only; the numbers here are 32-bit integers.
  if (typeof value === "number") return String(value);
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString("base64"));
  if (Array.isArray(value)) return listText(value, reads, fieldText);
  if (typeof value !== "object" || value === null) throw new TypeError("not a field of a message");
  return isInt64(value) ? value.toString() : messageText(value, reads);
}

function isInt64(value: object): boolean {
  return "high" in value && "low" in value && "unsigned" in value;
}

/** Elements are written where they count. */
function listText<T>(values: readonly T[], reads: Reads, write: (value: T, reads: Reads) => string): string {
  return readsElements(reads) ? `[${values.map((value) => write(value, true)).join(",")}]` : "[]";
}

function structText(struct: Struct, reads: Reads): string {
  const members = Object.entries(struct.fields).flatMap(([name, value]) =>
    memberText(name, reads, (inner) => valueText(value, inner)),
  );
  return `{${members.join(",")}}`;
}

function valueText(value: Value, reads: Reads): string {
  switch (value.kind) {
    case "stringValue":
      return JSON.stringify(value.stringValue);
    case "boolValue":
      return String(value.boolValue);
    case "numberValue":
      return Number.isFinite(value.numberValue) ? goNumber(value.numberValue) : `"${value.numberValue}"`;
    case "structValue":
      return structText(value.structValue, reads);
    case "listValue":
      return listText(value.listValue.values, reads, valueText);
    default:
      return "null";
  }
}

/** An object of lists of JSON texts, as forms and queries are shown. */
export function listsText(lists: ReadonlyMap<string, readonly string[]>): string {
  const members = [...lists].map(([name, texts]) => `${JSON.stringify(name)}:[${texts.join(",")}]`);
  return `{${members.join(",")}}`;
}
