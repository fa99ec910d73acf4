/**
 * Schemas as OPA's gojsonschema reads them: drafts 4, 6 and 7, told apart by `$schema`, and without it a mixture of
 * all. A schema is not held to its meta-schema; what cannot be read is an error with OPA's words.
 */
import type { RE2JS } from "re2js";
import { BuiltinError } from "../builtin.ts";
import { type Decimal, decimalOf } from "../decimal.ts";
import { compile } from "../regex.ts";
import {
  isArray,
  isNumber,
  isObject,
  numberText,
  type RegoNumber,
  type RegoObject,
  type RegoValue,
} from "../value.ts";
import { canonicalJson, membersOf } from "./document.ts";
import { parseReference, References } from "./references.ts";

/** Schemas and documents inside one another, at most: a level takes a few frames of the stack. */
export const DEPTH_MAX = 400;

/** A limit with its text, for messages. */
export type Bound = { readonly value: RegoNumber; readonly decimal: Decimal };

/** What a schema demands. What is absent demands nothing. */
export type Schema = {
  /** Everything or nothing is valid. */
  pass?: boolean;
  reference?: Schema;
  types: string[];
  properties: [string, Schema][];
  additionalProperties?: boolean | Schema;
  patternProperties: [RE2JS, Schema][];
  propertyNames?: Schema;
  dependencies: Map<string, readonly string[] | Schema>;
  items?: Schema | readonly Schema[];
  additionalItems?: boolean | Schema;
  multipleOf?: Bound;
  minimum?: Bound;
  maximum?: Bound;
  exclusiveMinimum?: Bound;
  exclusiveMaximum?: Bound;
  minLength?: number;
  maxLength?: number;
  pattern?: RE2JS;
  format?: string;
  minProperties?: number;
  maxProperties?: number;
  required: string[];
  minItems?: number;
  maxItems?: number;
  uniqueItems: boolean;
  contains?: Schema;
  const?: string;
  enum?: ReadonlySet<string>;
  oneOf: Schema[];
  anyOf: Schema[];
  allOf: Schema[];
  not?: Schema;
  if?: Schema;
  then?: Schema;
  else?: Schema;
};

const HYBRID = Number.POSITIVE_INFINITY;
const DRAFTS: ReadonlyMap<string, number> = new Map(
  [4, 6, 7].map((draft) => [`http://json-schema.org/draft-0${draft}/schema`, draft]),
);

/** @throws BuiltinError for the first thing that cannot be read, RangeError when it is nested deeper than {@link DEPTH_MAX}. */
export function parseSchema(document: RegoValue): Schema {
  if (typeof document !== "boolean" && !isObject(document)) throw new BuiltinError("schema is invalid");
  const draft = draftOf(document);
  return new SchemaParser(new References(document), draft).parse(document);
}

function draftOf(document: RegoValue): number {
  const name = isObject(document) ? document.get("$schema") : undefined;
  if (name === undefined) return HYBRID;
  if (typeof name !== "string") throw new BuiltinError("$schema must be of type string");
  parseReference(name);
  return DRAFTS.get(name.replace(/#$/, "")) ?? HYBRID;
}

const TYPES = ["array", "boolean", "integer", "number", "null", "object", "string"];
const TYPES_SORTED = "[array boolean integer number null object string]";

class SchemaParser {
  readonly #references: References;
  readonly #draft: number;
  readonly #referred = new Map<string, Schema>();
  #depth = 0;

  constructor(references: References, draft: number) {
    this.#references = references;
    this.#draft = draft;
  }

  parse(node: RegoValue): Schema {
    const schema = emptySchema();
    this.#fill(schema, node);
    return schema;
  }

  #fill(schema: Schema, node: RegoValue): void {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX)
      throw new RangeError(`a JSON schema may be nested ${DEPTH_MAX} levels deep at most`);
    this.#read(schema, node);
    this.#depth -= 1;
  }

  #read(schema: Schema, node: RegoValue): void {
    if (typeof node === "boolean" && this.#draft >= 6) {
      schema.pass = node;
      return;
    }
    if (!isObject(node)) throw new BuiltinError("Expected: Valid Schema, given: Invalid JSON");
    const id = textAt(node, this.#draft === 4 || (this.#draft === HYBRID && node.has("id")) ? "id" : "$id");
    if (id !== undefined) parseReference(id);
    this.#definitions(node);
    textAt(node, "title");
    textAt(node, "description");
    if (this.#refers(schema, node)) return;
    schema.types = typesOf(node.get("type"));
    this.#object(schema, node);
    this.#array(schema, node);
    numbers(schema, node, this.#draft);
    strings(schema, node);
    counts(schema, node);
    this.#values(schema, node);
    this.#combinations(schema, node);
  }

  /** Definitions are read for their faults; what is used of them is read again where it is referred to. */
  #definitions(node: RegoObject): void {
    const definitions = node.get("definitions");
    if (definitions === undefined) return;
    if (!isObject(definitions)) throw invalidType("Array Of Schemas", "definitions");
    for (const [, definition] of membersOf(definitions)) {
      if (!isSchema(definition)) throw invalidType("Array Of Schemas", "definitions");
      this.parse(definition);
    }
  }

  /** Whether the schema is nothing but a reference. */
  #refers(schema: Schema, node: RegoObject): boolean {
    const text = textAt(node, "$ref");
    if (text === undefined) return false;
    const reference = this.#references.resolved(node, text);
    const known = this.#referred.get(reference);
    schema.reference = known ?? emptySchema();
    if (known !== undefined) return false;
    this.#referred.set(reference, schema.reference);
    const target = this.#references.target(reference);
    if (!isSchema(target)) throw mustBeOfType("Valid Schema", "object");
    this.#fill(schema.reference, target);
    return true;
  }

  #object(schema: Schema, node: RegoObject): void {
    const properties = node.get("properties");
    if (properties !== undefined) {
      if (!isObject(properties)) throw mustBeOfType("Properties", "object");
      schema.properties = membersOf(properties).map(([name, value]) => [name, this.parse(value)]);
    }
    const additional = this.#booleanOrSchema(node, "additionalProperties");
    if (additional !== undefined) schema.additionalProperties = additional;
    const patterns = node.get("patternProperties");
    if (patterns !== undefined) {
      if (!isObject(patterns)) throw invalidType("Valid Schema", "patternProperties");
      schema.patternProperties = membersOf(patterns).map(([pattern, value]) => [
        regex(pattern, `Invalid regex pattern '${pattern}'`),
        this.parse(value),
      ]);
    }
    const names = this.#draft >= 6 ? node.get("propertyNames") : undefined;
    if (names !== undefined) {
      if (!isSchema(names)) throw invalidType("Valid Schema", "patternProperties");
      schema.propertyNames = this.parse(names);
    }
    this.#dependencies(schema, node.get("dependencies"));
  }

  /** A boolean is taken as it is; anything but that and an object is refused. */
  #booleanOrSchema(node: RegoObject, name: string): boolean | Schema | undefined {
    const value = node.get(name);
    if (value === undefined || typeof value === "boolean") return value;
    if (!isObject(value)) throw invalidType("boolean/Valid Schema", name);
    return this.parse(value);
  }

  #dependencies(schema: Schema, dependencies: RegoValue | undefined): void {
    if (dependencies === undefined) return;
    if (!isObject(dependencies)) throw mustBeOfType("dependencies", "object");
    for (const [name, value] of membersOf(dependencies)) {
      if (isSchema(value)) schema.dependencies.set(name, this.parse(value));
      else if (isArray(value) && value.every((item) => typeof item === "string"))
        schema.dependencies.set(name, value as readonly string[]);
      else throw mustBeOfType("Dependency", "Schema Or Array Of Strings");
    }
  }

  #array(schema: Schema, node: RegoObject): void {
    const items = node.get("items");
    const fault = invalidType("Valid Schema/Array Of Schemas", "items");
    if (items !== undefined && isArray(items)) {
      schema.items = items.map((item) => {
        if (!isSchema(item)) throw fault;
        return this.parse(item);
      });
    } else if (items !== undefined) {
      if (!isSchema(items)) throw fault;
      schema.items = this.parse(items);
    }
    const additional = this.#booleanOrSchema(node, "additionalItems");
    if (additional !== undefined) schema.additionalItems = additional;
    const unique = node.get("uniqueItems") ?? false;
    if (typeof unique !== "boolean") throw new BuiltinError("uniqueItems must be of a boolean");
    schema.uniqueItems = unique;
    const contains = this.#draft >= 6 ? node.get("contains") : undefined;
    if (contains !== undefined) schema.contains = this.parse(contains);
  }

  #values(schema: Schema, node: RegoObject): void {
    const constant = this.#draft >= 6 ? node.get("const") : undefined;
    if (constant !== undefined) schema.const = canonicalJson(constant);
    const values = listAt(node, "enum")?.map(canonicalJson);
    if (values === undefined) return;
    schema.enum = new Set(values);
    if (schema.enum.size < values.length) throw new BuiltinError("enum items must be unique");
  }

  #combinations(schema: Schema, node: RegoObject): void {
    for (const name of ["oneOf", "anyOf", "allOf"] as const)
      schema[name] = (listAt(node, name) ?? []).map((item) => this.parse(item));
    const conditions = this.#draft >= 7 ? (["not", "if", "then", "else"] as const) : (["not"] as const);
    for (const name of conditions) {
      const value = node.get(name);
      if (value === undefined) continue;
      if (!isSchema(value)) throw new BuiltinError(`${name} must be of an object`);
      schema[name] = this.parse(value);
    }
  }
}

function emptySchema(): Schema {
  return {
    types: [],
    properties: [],
    patternProperties: [],
    dependencies: new Map(),
    required: [],
    uniqueItems: false,
    oneOf: [],
    anyOf: [],
    allOf: [],
  };
}

function isSchema(value: RegoValue): boolean {
  return typeof value === "boolean" || isObject(value);
}

function invalidType(expected: string, given: string): BuiltinError {
  return new BuiltinError(`Invalid type. Expected: ${expected}, given: ${given}`);
}

function mustBeOfType(key: string, type: string): BuiltinError {
  return new BuiltinError(`${key} must be of type ${type}`);
}

function textAt(node: RegoObject, name: string): string | undefined {
  const value = node.get(name);
  if (value !== undefined && typeof value !== "string") throw invalidType("string", name);
  return value;
}

function listAt(node: RegoObject, name: string): readonly RegoValue[] | undefined {
  const value = node.get(name);
  if (value !== undefined && !isArray(value)) throw new BuiltinError(`${name} must be of an array`);
  return value;
}

function typesOf(value: RegoValue | undefined): string[] {
  if (value === undefined) return [];
  const names = typeof value === "string" ? [value] : value;
  if (!isArray(names)) throw invalidType("type", "string/Array Of Strings");
  const types: string[] = [];
  for (const name of names) {
    if (typeof name !== "string") throw invalidType("type", "string/Array Of Strings");
    if (!TYPES.includes(name))
      throw new BuiltinError(
        `has a primitive type that is NOT VALID -- given: /${name}/ Expected valid values are:${TYPES_SORTED}`,
      );
    if (types.includes(name)) throw new BuiltinError(`${name} type is duplicated`);
    types.push(name);
  }
  return types;
}

function regex(pattern: string, fault: string): RE2JS {
  try {
    return compile(pattern);
  } catch (error) {
    throw new BuiltinError(fault, { cause: error });
  }
}

function strings(schema: Schema, node: RegoObject): void {
  const pattern = textAt(node, "pattern");
  const format = textAt(node, "format");
  if (pattern !== undefined) schema.pattern = regex(pattern, "pattern must be a valid regex");
  if (format !== undefined && format !== "") schema.format = format;
}

function bound(value: RegoNumber): Bound {
  return { value, decimal: decimalOf(value) };
}

function numbers(schema: Schema, node: RegoObject, draft: number): void {
  const multiple = node.get("multipleOf");
  if (multiple !== undefined) {
    if (multiple === null || !isNumber(multiple)) throw invalidType("Number", "multipleOf");
    schema.multipleOf = bound(multiple);
    if (schema.multipleOf.decimal.digits <= 0n)
      throw new BuiltinError("multipleOf must be strictly greater than 0");
  }
  for (const [name, exclusive] of [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
  ] as const) {
    const limit = node.get(name);
    if (limit !== undefined) {
      if (limit === null || !isNumber(limit)) throw new BuiltinError(`${name} must be of a Number`);
      schema[name] = bound(limit);
    }
    exclusiveLimit(schema, node, draft, name, exclusive);
  }
}

/** In draft 4 a flag that says how the limit beside it is meant, later a limit of its own. */
function exclusiveLimit(
  schema: Schema,
  node: RegoObject,
  draft: number,
  name: "minimum" | "maximum",
  exclusive: "exclusiveMinimum" | "exclusiveMaximum",
): void {
  const value = node.get(exclusive);
  if (value === undefined) return;
  if (typeof value === "boolean" && (draft === 4 || draft === HYBRID)) {
    const limit = schema[name];
    if (limit === undefined) throw new BuiltinError(`${exclusive} cannot be used without ${name}`);
    if (!value) return;
    schema[exclusive] = limit;
    delete schema[name];
    return;
  }
  const expected = draft === 4 ? "boolean" : draft === HYBRID ? "boolean/number" : "number";
  if (draft === 4 || value === null || !isNumber(value)) throw invalidType(expected, exclusive);
  schema[exclusive] = bound(value);
}

const COUNTS = ["minLength", "maxLength", "minProperties", "maxProperties", "minItems", "maxItems"] as const;

function counts(schema: Schema, node: RegoObject): void {
  for (const name of COUNTS) {
    const value = node.get(name);
    if (value === undefined) continue;
    const integer = value !== null && isNumber(value) && /^-?\d+$/.test(numberText(value));
    if (!integer) throw new BuiltinError(`${name} must be of an integer`);
    const count = Number(numberText(value));
    if (count < 0) throw new BuiltinError(`${name} must be greater than or equal to 0`);
    schema[name] = count;
  }
  for (const what of ["Length", "Properties"] as const)
    if ((schema[`min${what}`] ?? 0) > (schema[`max${what}`] ?? Number.POSITIVE_INFINITY))
      throw new BuiltinError(`min${what} cannot be greater than max${what}`);
  const required = listAt(node, "required") ?? [];
  for (const name of required) {
    if (typeof name !== "string") throw invalidType("string", "required");
    if (schema.required.includes(name)) throw new BuiltinError("required items must be unique");
    schema.required.push(name);
  }
}
