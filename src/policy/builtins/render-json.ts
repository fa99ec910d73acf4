import type { JsonValue } from "../../exchange/json.ts";
import { sorted, sortedEntries } from "./compare.ts";
import { isArray, isNumber, numberText, RegoSet, type RegoValue } from "./value.ts";

/**
 * A value as JSON, the way OPA gives results: sets as arrays in order, keys that are no strings as their JSON, members
 * in the order of their keys. Numbers keep their digits.
 */
export function renderJson(
  value: RegoValue,
  renderString: (text: string) => string = JSON.stringify,
): string {
  const render = (item: RegoValue): string => renderJson(item, renderString);
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return renderString(value);
  if (isNumber(value)) return jsonNumber(numberText(value));
  if (value instanceof RegoSet) return `[${sorted(value.items).map(render).join(",")}]`;
  if (isArray(value)) return `[${value.map(render).join(",")}]`;
  const members = sortedEntries(value).map(
    ([key, item]) => `${renderString(typeof key === "string" ? key : render(key))}:${render(item)}`,
  );
  return `{${members.join(",")}}`;
}

/** The same as a JSON value; numbers as JavaScript has them. */
export function toJson(value: RegoValue): JsonValue {
  if (value === null || typeof value !== "object") return value;
  if (value instanceof RegoSet) return sorted(value.items).map(toJson);
  if (isArray(value)) return value.map(toJson);
  if (isNumber(value)) return Number(numberText(value));
  // From entries, so that a key named `__proto__` is a key like any other.
  return Object.fromEntries(
    [...value].map(([key, item]) => [typeof key === "string" ? key : renderJson(key), toJson(item)]),
  );
}

/** Rego has numbers such as `.5`, which JSON has not. */
function jsonNumber(text: string): string {
  return text.replace(/^(-?)\./, "$10.");
}
