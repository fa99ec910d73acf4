import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { JSON_DEPTH_MAX } from "../../../wire/json/index.ts";

/**
 * Gemini's own schema, a dialect of OpenAPI 3.0 (https://ai.google.dev/api/caching#Schema), as JSON schema: types in
 * lower case, `nullable` as a type, bounds as numbers, and properties in the order that is asked for.
 *
 * @param onLost hears of an order that names more than there is
 */
export function jsonSchemaOf(schema: JsonObject, onLost: () => void): JsonObject {
  return convert(schema, 0, onLost);
}

function convert(schema: JsonObject, depth: number, onLost: () => void): JsonObject {
  // Bodies are not nested deeper, so it is none of a body's.
  if (depth > JSON_DEPTH_MAX) return schema;
  const { type, nullable, propertyOrdering, ...rest } = inOrder(plainNames(schema), onLost);
  const converted: { [key: string]: JsonValue } = {};
  if (typeof type === "string" && type !== "TYPE_UNSPECIFIED")
    converted.type = nullable === true ? [type.toLowerCase(), "null"] : type.toLowerCase();
  else if (type !== undefined && type !== "TYPE_UNSPECIFIED") converted.type = type;
  for (const [key, value] of Object.entries(rest)) {
    if (key === "example") converted.examples = [value];
    else converted[key] = inner(key, value, depth + 1, onLost);
  }
  return converted;
}

function inner(key: string, value: JsonValue, depth: number, onLost: () => void): JsonValue {
  if (key === "items" && isJsonObject(value)) return convert(value, depth, onLost);
  if (key === "anyOf" && Array.isArray(value))
    return (value as readonly JsonValue[]).map((one) =>
      isJsonObject(one) ? convert(one, depth, onLost) : one,
    );
  if (key === "properties" && isJsonObject(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [
        name,
        isJsonObject(one) ? convert(one, depth, onLost) : one,
      ]),
    );
  // Counts of 64 bits are written as texts.
  if (COUNTS.has(key) && typeof value === "string" && /^\d{1,15}$/.test(value)) return Number(value);
  return value;
}

const COUNTS: ReadonlySet<string> = new Set(
  ["Items", "Length", "Properties"].flatMap((what) => [`min${what}`, `max${what}`]),
);

/** Its properties in the order of `propertyOrdering`, the others behind them. */
function inOrder(schema: JsonObject, onLost: () => void): JsonObject {
  const { propertyOrdering: order, properties } = schema;
  if (!Array.isArray(order)) return schema;
  const names = (order as readonly JsonValue[]).map(String);
  if (!isJsonObject(properties) || !names.every((name) => Object.hasOwn(properties, name))) {
    onLost();
    return schema;
  }
  const first = names.map((name) => [name, properties[name] as JsonValue] as const);
  return { ...schema, properties: Object.fromEntries([...first, ...Object.entries(properties)]) };
}

/** The few members that have two spellings. */
function plainNames(schema: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [SPELLINGS.get(key) ?? key, value]));
}

const SPELLINGS: ReadonlyMap<string, string> = new Map([
  ["any_of", "anyOf"],
  ["property_ordering", "propertyOrdering"],
  ...[...COUNTS].map(
    (name) => [name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`), name] as const,
  ),
]);
