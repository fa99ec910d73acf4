import { BoundedCache } from "./bounded-cache.ts";
import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { jsonOperand } from "./json-schema/document.ts";
import { parseSchema, type Schema } from "./json-schema/schema.ts";
import { validate } from "./json-schema/validator.ts";
import { type RegoValue, renderRego } from "./value.ts";

export const jsonSchemaBuiltins: readonly HostBuiltin[] = [
  { name: "json.verify_schema", call: ([schema]) => verifySchema(schema) },
  {
    name: "json.match_schema",
    call: ([document, schema], context) => {
      const value = jsonOperand(document);
      const errors = validate(schemaOf(schema), value, context);
      const shown = errors.map(
        ({ type, field, description }): RegoValue =>
          new Map([
            ["error", `${field}: ${description}`],
            ["type", type],
            ["field", field],
            ["desc", description],
          ]),
      );
      return [errors.length === 0, shown];
    },
  },
];

/** `[true, null]`, or `[false, what is wrong]`. */
function verifySchema(schema: RegoValue | undefined): RegoValue {
  try {
    schemaOf(schema);
    return [true, null];
  } catch (error) {
    if (error instanceof BuiltinError) return [false, `jsonschema: ${error.message}`];
    throw error;
  }
}

/** Schemas that are kept. A policy has a few, and uses them again and again. */
export const SCHEMAS_MAX = 20;
/** Longer schemas are not kept, in UTF-16 units: the cache would hold too much. */
const KEPT_LENGTH_MAX = 100_000;
const schemas = new BoundedCache<Schema>(SCHEMAS_MAX);

function schemaOf(operand: RegoValue | undefined): Schema {
  const key = renderRego(operand ?? null);
  const make = () => parseSchema(jsonOperand(operand));
  return key.length > KEPT_LENGTH_MAX ? make() : schemas.get(key, make);
}
