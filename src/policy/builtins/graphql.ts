import type { GraphQLSchema } from "graphql/type";
import { BoundedCache } from "./bounded-cache.ts";
import { type BuiltinContext, BuiltinError, type HostBuiltin } from "./builtin.ts";
import {
  type Fragment,
  type Operation,
  type QueryDocument,
  queryDocumentOf,
  regoOf,
  type SchemaDocument,
  type Selection,
  schemaDocumentOf,
} from "./graphql/ast.ts";
import { checkSchema } from "./graphql/checked-schema.ts";
import { buildSchema, validateQuery } from "./graphql/library.ts";
import { parseQuery } from "./graphql/query.ts";
import { parseSchema } from "./graphql/schema.ts";
import { stringAt, typeName } from "./operands.ts";
import { isObject, type RegoObject, type RegoValue, renderRego } from "./value.ts";

export const graphqlBuiltins: readonly HostBuiltin[] = [
  {
    name: "graphql.parse_query",
    call: (args, context) => regoOf(parseQuery(stringAt(args, 0), () => context.checkTime())),
  },
  {
    name: "graphql.parse_schema",
    call: (args, context) => regoOf(parseSchema(stringAt(args, 0), () => context.checkTime())),
  },
  { name: "graphql.parse", call: ([query, schema], context) => [...verify(query, schema, context)] },
  {
    name: "graphql.parse_and_verify",
    call: ([query, schema], context) =>
      unlessFault([false, new Map(), new Map()], () => [true, ...verify(query, schema, context)]),
  },
  {
    name: "graphql.is_valid",
    call: ([query, schema], context) =>
      unlessFault(false, () => {
        validate(schemaOf(schema, context).usable, queryOf(query, context), context);
        return true;
      }),
  },
  {
    name: "graphql.schema_is_valid",
    call: ([schema], context) =>
      unlessFault(false, () => {
        schemaOf(schema, context);
        return true;
      }),
  },
];

/** The documents of a query and a schema, when the one holds to the other. @throws BuiltinError */
function verify(
  query: RegoValue | undefined,
  schema: RegoValue | undefined,
  context: BuiltinContext,
): [RegoObject, RegoObject] {
  const document = queryOf(query, context);
  const { usable, document: schemaDocument } = schemaOf(schema, context);
  validate(usable, document, context);
  return [regoOf(document), regoOf(schemaDocument)];
}

/** What comparing two fields may take, milliseconds, and how many comparisons the library makes before it gives up. */
const COMPARISON_MS = 0.000_4;
const COMPARISONS_MAX = 500_000;

function validate(schema: GraphQLSchema, query: QueryDocument, context: BuiltinContext): void {
  // Fields of one name are compared in pairs, and nobody looks at the clock meanwhile.
  const fields = fieldCount([...query.Operations, ...query.Fragments]);
  context.announce(Math.min(fields ** 2, COMPARISONS_MAX) * COMPARISON_MS);
  validateQuery(schema, query, () => context.checkTime());
}

function fieldCount(selections: readonly (Selection | Operation | Fragment)[]): number {
  return selections.reduce(
    (sum, selection) => sum + 1 + ("SelectionSet" in selection ? fieldCount(selection.SelectionSet) : 0),
    0,
  );
}

function queryOf(query: RegoValue | undefined, context: BuiltinContext): QueryDocument {
  if (typeof query === "string") return parseQuery(query, () => context.checkTime());
  if (query !== undefined && isObject(query)) return queryDocumentOf(query);
  throw wrongType(query);
}

type Schema = { readonly document: SchemaDocument; readonly usable: GraphQLSchema };

/** Schemas that are kept, as many as OPA keeps: a policy has one or two, and checking them takes milliseconds. */
export const SCHEMAS_MAX = 10;
/** Longer schemas are not kept, in UTF-16 units: the cache would hold too much. */
const KEPT_LENGTH_MAX = 1_000_000;
const schemas = new BoundedCache<Schema>(SCHEMAS_MAX);

function schemaOf(schema: RegoValue | undefined, context: BuiltinContext): Schema {
  if (typeof schema !== "string" && (schema === undefined || !isObject(schema))) throw wrongType(schema);
  const make = (): Schema => {
    const document =
      typeof schema === "string" ? parseSchema(schema, () => context.checkTime()) : schemaDocumentOf(schema);
    return { document, usable: buildSchema(checkSchema(document)) };
  };
  // The text of an object begins with a brace, which no schema does.
  const key = typeof schema === "string" ? schema : renderRego(schema);
  return key.length > KEPT_LENGTH_MAX ? make() : schemas.get(key, make);
}

function wrongType(value: RegoValue | undefined): BuiltinError {
  return new BuiltinError(`operand must be one of {string, object} but got ${typeName(value)}`);
}

function unlessFault(otherwise: RegoValue, work: () => RegoValue): RegoValue {
  try {
    return work();
  } catch (error) {
    if (error instanceof BuiltinError) return otherwise;
    throw error;
  }
}
