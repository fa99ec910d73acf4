import type { BuiltinContext } from "../builtin.ts";
import { compareDecimals, type Decimal, decimalOf, INTEGER_DIGITS_MAX } from "../decimal.ts";
import { announceSearch } from "../regex.ts";
import { isArray, isNumber, isObject, type RegoNumber, type RegoObject, type RegoValue } from "../value.ts";
import { boundText } from "./bound-text.ts";
import { canonicalJson, membersOf } from "./document.ts";
import { hasFormat } from "./formats.ts";
import { type Bound, DEPTH_MAX, type Schema } from "./schema.ts";

/** What is wrong with a document, in the words of OPA's gojsonschema. */
export type SchemaError = {
  readonly type: string;
  /** Names and indices with dots between them, `(Root)` for the document itself. */
  readonly field: string;
  readonly description: string;
};

type Clock = Pick<BuiltinContext, "checkTime" | "announce">;

/** Schemas met between two looks at the clock: about 0.1 ms. */
const STEPS_PER_LOOK = 100;

/** Everything that is wrong with a document. @throws RangeError when it is nested deeper than {@link DEPTH_MAX}. */
export function validate(schema: Schema, document: RegoValue, clock: Clock): readonly SchemaError[] {
  const validator = new Validator(clock);
  return validator.visit(schema, document, []).errors;
}

/** Faults, and how well the document fits otherwise: of several schemas the errors of the best one are shown. */
type Outcome = { readonly errors: SchemaError[]; score: number };
type Path = readonly string[];

class Validator {
  readonly #clock: Clock;
  #steps = 0;
  #depth = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  visit(schema: Schema, value: RegoValue, path: Path): Outcome {
    const outcome: Outcome = { errors: [], score: 0 };
    this.#visit(schema, value, path, outcome);
    return outcome;
  }

  #visit(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
    this.#step();
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX)
      throw new RangeError(`a document may be held to schemas ${DEPTH_MAX} levels deep at most`);
    if (schema.pass !== undefined) {
      if (!schema.pass) fail(outcome, "false", path, "False always fails validation");
    } else if (schema.reference !== undefined) this.#visit(schema.reference, value, path, outcome);
    else this.#hold(schema, value, path, outcome);
    this.#depth -= 1;
  }

  #step(): void {
    this.#steps += 1;
    if (this.#steps % STEPS_PER_LOOK === 0) this.#clock.checkTime();
  }

  #hold(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
    const given = jsonType(value);
    const allowed =
      schema.types.length === 0 ||
      schema.types.includes(given) ||
      (given === "integer" && schema.types.includes("number"));
    if (!allowed) {
      const expected = schema.types.length === 1 ? schema.types[0] : `[${schema.types.join(",")}]`;
      fail(outcome, "invalid_type", path, `Invalid type. Expected: ${expected}, given: ${given}`);
      return;
    }
    this.#combinations(schema, value, path, outcome);
    if (isArray(value)) this.#array(schema, value, path, outcome);
    else if (isObject(value)) this.#object(schema, value, path, outcome);
    else if (value !== null && isNumber(value)) holdNumber(schema, value, path, outcome);
    holdValue(schema, value, path, outcome);
    if (typeof value === "string") holdString(schema, value, path, outcome, this.#clock);
    if (isObject(value)) this.#properties(schema, value, path, outcome);
    outcome.score += 1;
  }

  #properties(schema: Schema, value: RegoObject, path: Path, outcome: Outcome): void {
    for (const [name, property] of schema.properties) {
      const member = value.get(name);
      if (member !== undefined) this.#visit(property, member, [...path, name], outcome);
    }
  }

  #combinations(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
    this.#anyOf(schema, value, path, outcome);
    this.#oneOf(schema, value, path, outcome);
    const all = schema.allOf.map((part) => this.visit(part, value, path));
    for (const part of all) merge(outcome, part);
    if (all.some(({ errors }) => errors.length > 0))
      fail(outcome, "number_all_of", path, "Must validate all the schemas (allOf)");
    if (schema.not !== undefined && this.visit(schema.not, value, path).errors.length === 0)
      fail(outcome, "number_not", path, "Must not validate the schema (not)");
    if (isObject(value)) this.#dependencies(schema, value, path, outcome);
    this.#condition(schema, value, path, outcome);
    outcome.score += 1;
  }

  #anyOf(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
    if (schema.anyOf.length === 0) return;
    let best: Outcome | undefined;
    for (const part of schema.anyOf) {
      const tried = this.visit(part, value, path);
      if (tried.errors.length === 0) return;
      if (best === undefined || tried.score > best.score) best = tried;
    }
    fail(outcome, "number_any_of", path, "Must validate at least one schema (anyOf)");
    if (best !== undefined) merge(outcome, best);
  }

  #oneOf(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
    if (schema.oneOf.length === 0) return;
    let valid = 0;
    let best: Outcome | undefined;
    for (const part of schema.oneOf) {
      const tried = this.visit(part, value, path);
      if (tried.errors.length === 0) valid += 1;
      else if (valid === 0 && (best === undefined || tried.score > best.score)) best = tried;
    }
    if (valid === 1) return;
    fail(outcome, "number_one_of", path, "Must validate one and only one schema (oneOf)");
    if (valid === 0 && best !== undefined) merge(outcome, best);
  }

  #dependencies(schema: Schema, value: RegoObject, path: Path, outcome: Outcome): void {
    if (schema.dependencies.size === 0) return;
    for (const [name] of membersOf(value)) {
      const dependency = schema.dependencies.get(name) ?? [];
      if (!Array.isArray(dependency)) this.#visit(dependency as Schema, value, path, outcome);
      else
        for (const other of dependency as readonly string[])
          if (!value.has(other)) fail(outcome, "missing_dependency", path, `Has a dependency on ${other}`);
    }
  }

  #condition(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
    if (schema.if === undefined) return;
    const holds = this.visit(schema.if, value, path).errors.length === 0;
    const branch = holds ? schema.then : schema.else;
    if (branch === undefined) return;
    const tried = this.visit(branch, value, path);
    if (tried.errors.length === 0) return;
    if (holds) fail(outcome, "condition_then", path, 'Must validate "then" as "if" was valid');
    else fail(outcome, "condition_else", path, 'Must validate "else" as "if" was not valid');
    merge(outcome, tried);
  }

  #array(schema: Schema, value: readonly RegoValue[], path: Path, outcome: Outcome): void {
    const { items, additionalItems } = schema;
    const single = items === undefined || Array.isArray(items) ? undefined : (items as Schema);
    const listed = Array.isArray(items) ? (items as readonly Schema[]) : [];
    for (const [index, item] of value.entries()) {
      const rest = listed.length > 0 && typeof additionalItems === "object" ? additionalItems : undefined;
      const held = single ?? listed[index] ?? rest;
      if (held !== undefined) merge(outcome, this.visit(held, item, [...path, String(index)]));
    }
    if (listed.length > 0 && listed.length < value.length && additionalItems === false)
      fail(outcome, "array_no_additional_items", path, "No additional items allowed on array");
    if (value.length < (schema.minItems ?? 0))
      fail(outcome, "array_min_items", path, `Array must have at least ${schema.minItems} items`);
    if (value.length > (schema.maxItems ?? Number.POSITIVE_INFINITY))
      fail(outcome, "array_max_items", path, `Array must have at most ${schema.maxItems} items`);
    if (schema.uniqueItems) holdUnique(value, path, outcome);
    if (schema.contains !== undefined) this.#contains(schema.contains, value, path, outcome);
    outcome.score += 1;
  }

  #contains(schema: Schema, value: readonly RegoValue[], path: Path, outcome: Outcome): void {
    let best: Outcome | undefined;
    for (const [index, item] of value.entries()) {
      const tried = this.visit(schema, item, [...path, String(index)]);
      if (tried.errors.length === 0) return;
      if (best === undefined || tried.score > best.score) best = tried;
    }
    fail(outcome, "contains", path, "At least one of the items must match");
    if (best !== undefined) merge(outcome, best);
  }

  #object(schema: Schema, value: RegoObject, path: Path, outcome: Outcome): void {
    if (value.size < (schema.minProperties ?? 0))
      fail(outcome, "array_min_properties", path, `Must have at least ${schema.minProperties} properties`);
    if (value.size > (schema.maxProperties ?? Number.POSITIVE_INFINITY))
      fail(outcome, "array_max_properties", path, `Must have at most ${schema.maxProperties} properties`);
    for (const name of schema.required) {
      if (value.has(name)) outcome.score += 1;
      else fail(outcome, "required", path, `${name} is required`);
    }
    this.#additional(schema, value, path, outcome);
    this.#names(schema, value, path, outcome);
    outcome.score += 1;
  }

  /** Members that no property names and no pattern matches. */
  #additional(schema: Schema, value: RegoObject, path: Path, outcome: Outcome): void {
    const { additionalProperties } = schema;
    if (schema.patternProperties.length === 0 && additionalProperties === undefined) return;
    const known = new Set(schema.properties.map(([name]) => name));
    for (const [name, member] of membersOf(value)) {
      const matching = schema.patternProperties.filter(([pattern]) => {
        this.#step();
        announceSearch(pattern, name, this.#clock);
        return pattern.matcher(name).find();
      });
      for (const [, pattern] of matching) merge(outcome, this.visit(pattern, member, [...path, name]));
      if (matching.length > 0) outcome.score += 1;
      else if (!known.has(name)) {
        if (additionalProperties === false)
          fail(
            outcome,
            "additional_property_not_allowed",
            path,
            `Additional property ${name} is not allowed`,
          );
        else if (typeof additionalProperties === "object")
          merge(outcome, this.visit(additionalProperties, member, [...path, name]));
      }
    }
  }

  #names(schema: Schema, value: RegoObject, path: Path, outcome: Outcome): void {
    if (schema.propertyNames === undefined) return;
    for (const [name] of membersOf(value)) {
      const tried = this.visit(schema.propertyNames, name, path);
      if (tried.errors.length === 0) continue;
      fail(outcome, "invalid_property_name", path, `Property name of "${name}" does not match`);
      merge(outcome, tried);
    }
  }
}

function fieldOf(path: Path): string {
  return path.length === 0 ? "(Root)" : path.join(".");
}

/** An error counts against the score, more than what fits counts for it. */
function fail(outcome: Outcome, type: string, path: Path, description: string): void {
  outcome.errors.push({ type, field: fieldOf(path), description });
  outcome.score -= 2;
}

function merge(outcome: Outcome, part: Outcome): void {
  for (const error of part.errors) outcome.errors.push(error);
  outcome.score += part.score;
}

function jsonType(value: RegoValue): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "string") return typeof value;
  if (isNumber(value)) return decimalOf(value).exponent >= 0 ? "integer" : "number";
  return isArray(value) ? "array" : "object";
}

function holdUnique(value: readonly RegoValue[], path: Path, outcome: Outcome): void {
  const seen = new Map<string, number>();
  for (const [index, item] of value.entries()) {
    const text = canonicalJson(item);
    const earlier = seen.get(text);
    if (earlier !== undefined)
      fail(outcome, "unique", path, `array items[${earlier},${index}] must be unique`);
    seen.set(text, index);
  }
}

function holdNumber(schema: Schema, number: RegoNumber, path: Path, outcome: Outcome): void {
  const value = decimalOf(number);
  const { multipleOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const compared = (limit: Bound): number => compareDecimals(value, limit.decimal);
  if (multipleOf !== undefined && !isMultiple(value, multipleOf.decimal))
    fail(outcome, "multiple_of", path, `Must be a multiple of ${boundText(multipleOf)}`);
  if (maximum !== undefined && compared(maximum) > 0)
    fail(outcome, "number_lte", path, `Must be less than or equal to ${boundText(maximum)}`);
  if (exclusiveMaximum !== undefined && compared(exclusiveMaximum) >= 0)
    fail(outcome, "number_lt", path, `Must be less than ${boundText(exclusiveMaximum)}`);
  if (minimum !== undefined && compared(minimum) < 0)
    fail(outcome, "number_gte", path, `Must be greater than or equal to ${boundText(minimum)}`);
  if (exclusiveMinimum !== undefined && compared(exclusiveMinimum) <= 0)
    fail(outcome, "number_gt", path, `Must be greater than ${boundText(exclusiveMinimum)}`);
  outcome.score += 1;
}

function isMultiple(value: Decimal, of: Decimal): boolean {
  const shift = value.exponent - of.exponent;
  if (value.digits === 0n) return true;
  if (Math.abs(shift) > INTEGER_DIGITS_MAX)
    throw new RangeError(`multipleOf: the numbers differ by more than ${INTEGER_DIGITS_MAX} digits`);
  const dividend = value.digits * 10n ** BigInt(Math.max(shift, 0));
  return dividend % (of.digits * 10n ** BigInt(Math.max(-shift, 0))) === 0n;
}

function holdValue(schema: Schema, value: RegoValue, path: Path, outcome: Outcome): void {
  const { const: constant, enum: allowed, format } = schema;
  if (constant !== undefined && canonicalJson(value) !== constant)
    fail(outcome, "const", path, `${fieldOf(path)} does not match: ${constant}`);
  if (allowed !== undefined && !allowed.has(canonicalJson(value)))
    fail(outcome, "enum", path, `${fieldOf(path)} must be one of the following: ${[...allowed].join(", ")}`);
  if (format !== undefined && typeof value === "string" && !hasFormat(format, value))
    fail(outcome, "format", path, `Does not match format '${format}'`);
  outcome.score += 1;
}

function holdString(schema: Schema, value: string, path: Path, outcome: Outcome, clock: Clock): void {
  const { minLength, maxLength, pattern } = schema;
  if (minLength !== undefined || maxLength !== undefined) {
    const length = [...value].length;
    if (length < (minLength ?? 0))
      fail(outcome, "string_gte", path, `String length must be greater than or equal to ${minLength}`);
    if (length > (maxLength ?? Number.POSITIVE_INFINITY))
      fail(outcome, "string_lte", path, `String length must be less than or equal to ${maxLength}`);
  }
  if (pattern !== undefined) announceSearch(pattern, value, clock);
  if (pattern !== undefined && !pattern.matcher(value).find())
    fail(outcome, "pattern", path, `Does not match pattern '${pattern.pattern()}'`);
  outcome.score += 1;
}
