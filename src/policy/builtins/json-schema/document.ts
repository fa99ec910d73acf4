import { BuiltinError } from "../builtin.ts";
import { marshalJson } from "../json.ts";
import { parseJson } from "../json-text.ts";
import { renderJson } from "../render-json.ts";
import {
  isArray,
  isNumber,
  isObject,
  numberText,
  parseRego,
  type RegoObject,
  type RegoValue,
} from "../value.ts";

/** A schema or a document: JSON as text, or an object or an array. @throws BuiltinError with OPA's words */
export function jsonOperand(value: RegoValue | undefined): RegoValue {
  if (typeof value === "string") {
    try {
      return parseJson(value);
    } catch (error) {
      throw new BuiltinError("invalid JSON string", { cause: error });
    }
  }
  if (value !== undefined && (isObject(value) || isArray(value))) return parseRego(renderJson(value));
  throw new BuiltinError("wrong type, expected string or object");
}

/** JSON in which equal values have equal texts: numbers as 64-bit floats, members in order. @throws BuiltinError */
export function canonicalJson(value: RegoValue): string {
  return marshalJson(withFloats(value));
}

function withFloats(value: RegoValue): RegoValue {
  if (value !== null && isNumber(value)) {
    const float = Number(numberText(value));
    if (!Number.isFinite(float)) throw new BuiltinError(`${numberText(value)} is more than a 64-bit float`);
    return float;
  }
  if (isArray(value)) return value.map(withFloats);
  if (isObject(value)) return new Map([...value].map(([key, member]) => [key, withFloats(member)]));
  return value;
}

/** The members of an object in the order of their names. */
export function membersOf(object: RegoObject): readonly (readonly [string, RegoValue])[] {
  return [...object]
    .map(([name, value]) => [String(name), value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
