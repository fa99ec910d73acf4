import { isStruct, type Struct, type Value } from "../codec.ts";
import { goNumber } from "./go-text.ts";

/**
 * A decoded message as opa-envoy-plugin shows it to policies, in JSON text: names in lower camel case, fields that are
 * not set left out, members of a oneof among the other fields, 64-bit integers and enumerations as numbers, bytes in
 * base64, a Timestamp as seconds and nanoseconds, an Any unread, a Struct as the JSON it stands for.
 *
 * Text and not objects: a 64-bit integer, and a number in a body, would not survive JavaScript's numbers.
 */
export function messageText(message: object): string {
  if (isStruct(message)) return structText(message);
  const members = Object.entries(message)
    .filter(([, value]) => !isEmptyCollection(value))
    .map(([name, value]) => `${nameText(name)}:${fieldText(value)}`);
  return `{${members.join(",")}}`;
}

/** The one name that protobufjs leaves as the proto writes it: that of google.protobuf.Any, which it brings along. */
function nameText(name: string): string {
  return name === "type_url" ? '"typeUrl"' : JSON.stringify(name);
}

/**
 * Own properties of a decoded message are the fields that were on the wire and are not zero, and every list and map.
 * Maps are plain objects, messages are not.
 */
function isEmptyCollection(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (typeof value !== "object" || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length === 0;
}

function fieldText(value: unknown): string {
  if (typeof value === "string" || typeof value === "boolean") return JSON.stringify(value);
  // Doubles stand in Structs only; the numbers here are 32-bit integers.
  if (typeof value === "number") return String(value);
  if (Buffer.isBuffer(value)) return JSON.stringify(value.toString("base64"));
  if (Array.isArray(value)) return `[${value.map(fieldText).join(",")}]`;
  if (typeof value !== "object" || value === null) throw new TypeError("not a field of a message");
  return isInt64(value) ? value.toString() : messageText(value);
}

function isInt64(value: object): boolean {
  return "high" in value && "low" in value && "unsigned" in value;
}

function structText(struct: Struct): string {
  const members = Object.entries(struct.fields).map(
    ([name, value]) => `${JSON.stringify(name)}:${valueText(value)}`,
  );
  return `{${members.join(",")}}`;
}

function valueText(value: Value): string {
  switch (value.kind) {
    case "stringValue":
      return JSON.stringify(value.stringValue);
    case "boolValue":
      return String(value.boolValue);
    case "numberValue":
      return Number.isFinite(value.numberValue) ? goNumber(value.numberValue) : `"${value.numberValue}"`;
    case "structValue":
      return structText(value.structValue);
    case "listValue":
      return `[${value.listValue.values.map(valueText).join(",")}]`;
    default:
      return "null";
  }
}

/** An object of lists of JSON texts, as forms and queries are shown. */
export function listsText(lists: ReadonlyMap<string, readonly string[]>): string {
  const members = [...lists].map(([name, texts]) => `${JSON.stringify(name)}:[${texts.join(",")}]`);
  return `{${members.join(",")}}`;
}
