import { RegentError } from "../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import { isJsonObject } from "../exchange/json.ts";

/** A part of a policy's output and where it stands, as `reasons[0].kind`. */
export type At = { readonly path: string; readonly value: JsonValue };

/** The fault of an output: which part, and what is wrong with it. Values are never quoted: they may be the client's. */
export function invalid(path: string, fault: string): RegentError {
  return new RegentError("policy_output_invalid", `${path === "" ? "the result" : path}: ${fault}`);
}

/** An object with no other keys than these. */
export function readObject(at: At, keys: readonly string[]): JsonObject {
  if (!isJsonObject(at.value)) throw invalid(at.path, `must be an object, is ${typeName(at.value)}`);
  for (const key of Object.keys(at.value)) {
    if (!keys.includes(key)) throw invalid(join(at.path, key), "is not part of the contract");
  }
  return at.value;
}

/** The member of an object, or undefined when it is absent. */
export function member(at: At, object: JsonObject, key: string): At | undefined {
  if (!Object.hasOwn(object, key)) return undefined;
  return { path: join(at.path, key), value: object[key] as JsonValue };
}

/** The member of an object; an error when it is absent. */
export function requiredMember(at: At, object: JsonObject, key: string): At {
  const found = member(at, object, key);
  if (found === undefined) throw invalid(join(at.path, key), "is missing");
  return found;
}

/** The elements of an array. Sets of Rego arrive as arrays too. */
export function readArray(at: At): readonly At[] {
  if (!Array.isArray(at.value)) throw invalid(at.path, `must be an array or a set, is ${typeName(at.value)}`);
  return at.value.map((value: JsonValue, index) => ({ path: `${at.path}[${index}]`, value }));
}

export function readBoolean(at: At): boolean {
  if (typeof at.value !== "boolean") throw invalid(at.path, `must be a boolean, is ${typeName(at.value)}`);
  return at.value;
}

/** A string of at least one character. */
export function readString(at: At): string {
  if (typeof at.value !== "string") throw invalid(at.path, `must be a string, is ${typeName(at.value)}`);
  if (at.value === "") throw invalid(at.path, "must not be empty");
  return at.value;
}

/** One of the strings given. */
export function readChoice<T extends string>(at: At, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === at.value);
  if (found === undefined) throw invalid(at.path, `must be one of ${choices.join(", ")}`);
  return found;
}

/** An integer within bounds, both inclusive. */
export function readInteger(at: At, min: number, max: number): number {
  const { value } = at;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max)
    throw invalid(at.path, `must be an integer from ${min} to ${max}`);
  return value;
}

/** An object whose values are strings, the empty one included. */
export function readStringMap(at: At): Map<string, string> {
  if (!isJsonObject(at.value)) throw invalid(at.path, `must be an object, is ${typeName(at.value)}`);
  const map = new Map<string, string>();
  for (const [key, value] of Object.entries(at.value)) {
    if (typeof value !== "string")
      throw invalid(join(at.path, key), `must be a string, is ${typeName(value)}`);
    if (key === "") throw invalid(at.path, "has an empty name");
    map.set(key, value);
  }
  return map;
}

function typeName(value: JsonValue): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}

const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]*$/;

function join(path: string, key: string): string {
  if (!PLAIN_KEY.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}
