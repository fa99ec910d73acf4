import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import type { Init, Struct, Value } from "./codec.ts";

/** A google.protobuf.Struct as JSON. Objects have a null prototype, so a key such as `__proto__` is only a key. */
export function jsonFromStruct(struct: Struct): JsonObject {
  const object: { [key: string]: JsonValue } = Object.create(null);
  for (const [key, value] of Object.entries(struct.fields)) object[key] = jsonFromValue(value);
  return object;
}

/** A value without a kind is null, as the JSON mapping of protobuf has it; NaN and the infinities are their names. */
function jsonFromValue(value: Value): JsonValue {
  switch (value.kind) {
    case "stringValue":
      return value.stringValue;
    case "boolValue":
      return value.boolValue;
    case "numberValue":
      return Number.isFinite(value.numberValue) ? value.numberValue : String(value.numberValue);
    case "structValue":
      return jsonFromStruct(value.structValue);
    case "listValue":
      return value.listValue.values.map(jsonFromValue);
    default:
      return null;
  }
}

/** The other way, ready to encode. Nesting is bounded by the encoder, which throws beyond 100 messages. */
export function structFromJson(object: JsonObject): Init<Struct> {
  const fields: { [key: string]: Init<Value> } = Object.create(null);
  for (const [key, value] of Object.entries(object)) fields[key] = valueFromJson(value);
  return { fields };
}

function valueFromJson(value: JsonValue): Init<Value> {
  if (value === null) return { nullValue: 0 };
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") return { numberValue: value };
  if (isJsonObject(value)) return { structValue: structFromJson(value) };
  return { listValue: { values: value.map(valueFromJson) } };
}
