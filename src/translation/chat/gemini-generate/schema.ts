import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { JSON_DEPTH_MAX } from "../../../wire/json/index.ts";

/**
 * Gemini's own schema, a dialect of OpenAPI 3.0 (https://ai.google.dev/api/caching#Schema), as JSON schema: types in
 * lower case, `nullable` as a type, bounds as numbers, and properties in the order that is asked for.
 *
 * @param onLost hears of an order or a `nullable` that says nothing in JSON schema, and why
 */
export function jsonSchemaOf(schema: JsonObject, onLost: OnLost): JsonObject {
  return convert(schema, 0, onLost);
}

type OnLost = (why: string) => void;

function convert(schema: JsonObject, depth: number, onLost: OnLost): JsonObject {
  // Bodies are not nested deeper, so it is none of a body's.
  if (depth > JSON_DEPTH_MAX) return schema;
  const { type, nullable, propertyOrdering, ...rest } = inOrder(plainNames(schema), onLost);
  const hasType = typeof type === "string" && type !== "TYPE_UNSPECIFIED";
  if (
    nullable !== undefined &&
    nullable !== null &&
    (typeof nullable !== "boolean" || (nullable && !hasType))
  )
    onLost("a nullable of no type");
  const members = Object.entries(rest).map(([key, value]): readonly [string, JsonValue] =>
    key === "example" ? ["examples", [value]] : [key, inner(key, value, depth + 1, onLost)],
  );
  // A member may be called `__proto__`, which only this makes one of.
  return Object.fromEntries([...typeMembers(type, hasType && nullable === true), ...members]);
}

function typeMembers(type: JsonValue | undefined, isNullable: boolean): [string, JsonValue][] {
  if (type === undefined || type === "TYPE_UNSPECIFIED") return [];
  if (typeof type !== "string") return [["type", type]];
  const plain = type.toLowerCase();
  return [["type", isNullable ? [plain, "null"] : plain]];
}

function inner(key: string, value: JsonValue, depth: number, onLost: OnLost): JsonValue {
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
function inOrder(schema: JsonObject, onLost: OnLost): JsonObject {
  const { propertyOrdering: order, properties } = schema;
  if (order === undefined || order === null) return schema;
  if (!isJsonObject(properties) || !isOrderOf(properties, order)) {
    onLost("an order of properties that are not there");
    return schema;
  }
  const first = order.map((name) => [name, properties[name] as JsonValue] as const);
  return { ...schema, properties: Object.fromEntries([...first, ...Object.entries(properties)]) };
}

function isOrderOf(properties: JsonObject, order: JsonValue): order is readonly string[] {
  return (
    Array.isArray(order) &&
    (order as readonly JsonValue[]).every(
      (name) => typeof name === "string" && Object.hasOwn(properties, name),
    )
  );
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
