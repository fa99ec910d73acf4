/**
 * The checks that OPA makes of a schema, which are those of gqlparser: fewer than the specification has. The library's
 * own are not used, for they refuse schemas that OPA accepts.
 */
import { BuiltinError } from "../builtin.ts";
import {
  type ArgumentDefinition,
  type Definition,
  type Directive,
  type DirectiveDefinition,
  type EnumValueDefinition,
  type FieldDefinition,
  type SchemaDefinition,
  type SchemaDocument,
  type TypeReference,
  VALUE_KIND,
} from "./ast.ts";
import { PRELUDE_DIRECTIVES, PRELUDE_TYPES, prelude } from "./prelude.ts";

/** A schema with its extensions merged in, the prelude included. */
export type CheckedSchema = {
  readonly types: ReadonlyMap<string, Definition>;
  readonly directives: ReadonlyMap<string, DirectiveDefinition>;
  /** Names of types by `query`, `mutation`, `subscription`. */
  readonly roots: ReadonlyMap<string, string>;
};

/** @throws BuiltinError for the first thing that is wrong. */
export function checkSchema(document: SchemaDocument): CheckedSchema {
  const types = mergedTypes(document);
  const directives = mergedDirectives(document);
  const checker = new Checker(types, directives);
  const [schema, second] = document.Schema;
  if (second !== undefined) throw fault("there is more than one schema definition");
  const roots = new Map<string, string>();
  for (const definition of [...document.Schema, ...document.SchemaExtension])
    for (const [operation, type] of checker.schemaDefinition(definition)) roots.set(operation, type);
  for (const definition of types.values()) checker.definition(definition);
  assertNoInputCycle(types);
  for (const definition of directives.values()) checker.directiveDefinition(definition);
  if (schema === undefined) inferRoots(types, roots);
  return { types, directives, roots };
}

function fault(what: string): BuiltinError {
  return new BuiltinError(`GraphQL schema: ${what}`);
}

function mergedTypes({ Definitions, Extensions }: SchemaDocument): ReadonlyMap<string, Definition> {
  const types = new Map<string, Definition>();
  for (const definition of [...prelude.Definitions, ...Definitions]) {
    if (types.has(definition.Name)) throw fault(`type ${definition.Name} is declared twice`);
    types.set(definition.Name, definition);
  }
  for (const extension of Extensions) {
    const base = types.get(extension.Name);
    if (base !== undefined && base.Kind !== extension.Kind)
      throw fault(`type ${extension.Name} is extended as another kind`);
    types.set(extension.Name, base === undefined ? extension : extended(base, extension));
  }
  return types;
}

function extended(base: Definition, extension: Definition): Definition {
  return {
    ...base,
    Directives: [...base.Directives, ...extension.Directives],
    Interfaces: [...base.Interfaces, ...extension.Interfaces],
    Fields: [...base.Fields, ...extension.Fields],
    Types: [...base.Types, ...extension.Types],
    EnumValues: [...base.EnumValues, ...extension.EnumValues],
  };
}

/** Only the directives of the prelude may be declared again. */
function mergedDirectives({ Directives }: SchemaDocument): ReadonlyMap<string, DirectiveDefinition> {
  const directives = new Map<string, DirectiveDefinition>();
  for (const definition of [...prelude.Directives, ...Directives]) {
    if (directives.has(definition.Name) && !PRELUDE_DIRECTIVES.has(definition.Name))
      throw fault(`directive ${definition.Name} is declared twice`);
    directives.set(definition.Name, definition);
  }
  return directives;
}

const DEFAULT_ROOTS = [
  ["query", "Query"],
  ["mutation", "Mutation"],
  ["subscription", "Subscription"],
] as const;

function inferRoots(types: ReadonlyMap<string, Definition>, roots: Map<string, string>): void {
  for (const [operation, type] of DEFAULT_ROOTS)
    if (!roots.has(operation) && types.has(type)) roots.set(operation, type);
}

const INPUT_KINDS = new Set(["SCALAR", "ENUM", "INPUT_OBJECT"]);
const OUTPUT_KINDS = new Set(["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM"]);

class Checker {
  readonly #types: ReadonlyMap<string, Definition>;
  readonly #directives: ReadonlyMap<string, DirectiveDefinition>;
  /** The objects that an interface or a union may turn out to be, by its name. */
  readonly #possible = new Map<string, Set<string>>();

  constructor(types: ReadonlyMap<string, Definition>, directives: ReadonlyMap<string, DirectiveDefinition>) {
    this.#types = types;
    this.#directives = directives;
    for (const { Name, Kind, Types, Interfaces } of types.values()) {
      if (Kind === "UNION") for (const member of Types) this.#addPossible(Name, member);
      else for (const implemented of Interfaces) this.#addPossible(implemented, Name);
    }
  }

  #addPossible(abstract: string, concrete: string): void {
    const names = this.#possible.get(abstract);
    if (names === undefined) this.#possible.set(abstract, new Set([concrete]));
    else names.add(concrete);
  }

  schemaDefinition({ OperationTypes, Directives }: SchemaDefinition): readonly [string, string][] {
    for (const { Operation, Type } of OperationTypes)
      if (!this.#types.has(Type))
        throw fault(`root ${Operation} refers to a type ${Type} that does not exist`);
    this.#checkDirectives(Directives, "SCHEMA");
    return OperationTypes.map(({ Operation, Type }) => [Operation, Type]);
  }

  definition(definition: Definition): void {
    const { Kind, Name, Fields, Types, Interfaces, EnumValues, Directives, BuiltIn } = definition;
    const place = Kind === "INPUT_OBJECT" ? "INPUT_FIELD_DEFINITION" : "FIELD_DEFINITION";
    for (const field of Fields) this.#field(definition, field, place);
    for (const member of Types)
      if (this.#type(member).Kind !== "OBJECT") throw fault(`${member} of union ${Name} must be an object`);
    for (const implemented of Interfaces) this.#implements(definition, implemented);
    const needsFields = Kind === "OBJECT" || Kind === "INTERFACE" || Kind === "INPUT_OBJECT";
    if (needsFields && Fields.length === 0) throw fault(`${Name} must define one or more fields`);
    if (Kind === "ENUM") this.#enumValues(Name, EnumValues);
    assertUnique(`field of ${Name}`, namesOf(Fields));
    assertUnique(`value of ${Name}`, namesOf(EnumValues));
    assertUnique(`member of ${Name}`, Types);
    if (!BuiltIn && !PRELUDE_TYPES.has(Name)) assertName(Name);
    // Of extensions each is a place of its own, so the merged list may have a directive more than once.
    this.#checkDirectives(Directives, Kind, { repeatable: true });
  }

  directiveDefinition(definition: DirectiveDefinition): void {
    assertName(definition.Name);
    this.#arguments(definition.Arguments, definition.Name);
  }

  #field(definition: Definition, field: FieldDefinition, place: string): void {
    if (!PRELUDE_TYPES.has(definition.Name)) assertName(field.Name);
    const { Kind } = this.#referred(field.Type);
    this.#arguments(field.Arguments);
    this.#checkDirectives(field.Directives, place);
    const allowed = definition.Kind === "INPUT_OBJECT" ? INPUT_KINDS : OUTPUT_KINDS;
    if (!allowed.has(Kind)) throw fault(`field ${definition.Name}.${field.Name} cannot be of kind ${Kind}`);
  }

  #enumValues(name: string, values: readonly EnumValueDefinition[]): void {
    if (values.length === 0) throw fault(`enum ${name} must define one or more unique enum values`);
    for (const { Name, Directives } of values) {
      if (Name === "true" || Name === "false" || Name === "null")
        throw fault(`${name} has the value ${Name}`);
      this.#checkDirectives(Directives, "ENUM_VALUE");
    }
  }

  #arguments(args: readonly ArgumentDefinition[], ofDirective?: string): void {
    for (const { Name, Type, Directives } of args) {
      assertName(Name);
      if (!INPUT_KINDS.has(this.#referred(Type).Kind))
        throw fault(`argument ${Name} is not of an input type`);
      this.#checkDirectives(Directives, "ARGUMENT_DEFINITION", { self: ofDirective });
    }
  }

  #checkDirectives(
    directives: readonly Directive[],
    location: string,
    { repeatable = false, self }: { readonly repeatable?: boolean; readonly self?: string | undefined } = {},
  ): void {
    const seen = new Set<string>();
    for (const directive of directives) {
      const { Name } = directive;
      assertName(Name);
      if (Name === self) throw fault(`directive ${Name} cannot refer to itself`);
      const definition = this.#directives.get(Name);
      if (definition === undefined) throw fault(`undefined directive ${Name}`);
      if (!repeatable && seen.has(Name) && !definition.IsRepeatable)
        throw fault(`directive ${Name} can only be used once at this location`);
      seen.add(Name);
      if (!definition.Locations.includes(location))
        throw fault(`directive ${Name} is not applicable on ${location}`);
      assertArguments(directive, definition);
    }
  }

  #implements(definition: Definition, name: string): void {
    const implemented = this.#type(name);
    if (implemented.Kind !== "INTERFACE") throw fault(`${name} is not an interface`);
    const fields = new Map(definition.Fields.map((field) => [field.Name, field]));
    for (const required of implemented.Fields) {
      const found = fields.get(required.Name);
      if (found === undefined || !this.#isCovariant(required.Type, found.Type))
        throw fault(`${definition.Name} implements ${name} and must have its field ${required.Name}`);
      assertSameArguments(`${definition.Name}.${required.Name}`, required, found);
    }
    for (const inherited of implemented.Interfaces)
      if (!definition.Interfaces.includes(inherited))
        throw fault(`${definition.Name} must implement ${inherited} because ${name} does`);
  }

  #isCovariant(required: TypeReference | undefined, actual: TypeReference | undefined): boolean {
    if (required === undefined || actual === undefined) return required === actual;
    if (required.NonNull && !actual.NonNull) return false;
    if (required.NamedType === "")
      return actual.Elem !== undefined && this.#isCovariant(required.Elem, actual.Elem);
    if (required.NamedType === actual.NamedType) return true;
    return this.#possible.get(required.NamedType)?.has(actual.NamedType) ?? false;
  }

  #type(name: string): Definition {
    const definition = this.#types.get(name);
    if (definition === undefined) throw fault(`undefined type ${name}`);
    return definition;
  }

  #referred(type: TypeReference | undefined): Definition {
    return this.#type(namedType(type));
  }
}

function namedType(type: TypeReference | undefined): string {
  let innermost = type;
  while (innermost !== undefined && innermost.NamedType === "") innermost = innermost.Elem;
  if (innermost === undefined) throw fault("a type is missing");
  return innermost.NamedType;
}

function assertArguments(directive: Directive, definition: DirectiveDefinition): void {
  const known = new Set(namesOf(definition.Arguments));
  for (const { Name } of directive.Arguments)
    if (!known.has(Name)) throw fault(`directive ${directive.Name} has no argument ${Name}`);
  for (const { Name, Type, DefaultValue } of definition.Arguments) {
    if (Type?.NonNull !== true || DefaultValue !== undefined) continue;
    const given = directive.Arguments.find((argument) => argument.Name === Name);
    if (given?.Value === undefined || given.Value.Kind === VALUE_KIND.null)
      throw fault(`argument ${Name} of directive ${directive.Name} cannot be null`);
  }
}

function assertSameArguments(place: string, required: FieldDefinition, found: FieldDefinition): void {
  const given = new Map(found.Arguments.map((argument) => [argument.Name, argument]));
  for (const { Name, Type } of required.Arguments) {
    const argument = given.get(Name);
    if (argument === undefined || !isCompatible(Type, argument.Type))
      throw fault(`${place} must have the argument ${Name} of its interface`);
  }
  const known = new Set(namesOf(required.Arguments));
  for (const { Name, Type, DefaultValue } of found.Arguments)
    if (!known.has(Name) && Type?.NonNull === true && DefaultValue === undefined)
      throw fault(`${place} has the required argument ${Name}, which its interface has not`);
}

function isCompatible(a: TypeReference | undefined, b: TypeReference | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.NamedType !== b.NamedType) return false;
  if (a.Elem !== undefined && !isCompatible(a.Elem, b.Elem)) return false;
  return !b.NonNull || a.NonNull;
}

/** Input objects that hold one another through fields that must be there can never be written. */
function assertNoInputCycle(types: ReadonlyMap<string, Definition>): void {
  const finished = new Set<string>();
  for (const start of types.keys()) if (!finished.has(start)) assertNoCycleFrom(types, start, finished);
}

/** A walk in depth without recursion: a schema may be a long chain. */
function assertNoCycleFrom(
  types: ReadonlyMap<string, Definition>,
  start: string,
  finished: Set<string>,
): void {
  const path = [{ name: start, rest: requiredInputs(types, start) }];
  const onPath = new Set([start]);
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const next = top.rest.pop();
    if (next === undefined) {
      finished.add(top.name);
      onPath.delete(top.name);
      path.pop();
    } else if (onPath.has(next)) throw fault(`input ${next} contains itself`);
    else if (!finished.has(next)) {
      onPath.add(next);
      path.push({ name: next, rest: requiredInputs(types, next) });
    }
  }
}

function requiredInputs(types: ReadonlyMap<string, Definition>, name: string): string[] {
  const definition = types.get(name);
  if (definition?.Kind !== "INPUT_OBJECT") return [];
  return definition.Fields.flatMap(({ Type }) => (Type?.NonNull === true ? [Type.NamedType] : [])).filter(
    (type) => types.get(type)?.Kind === "INPUT_OBJECT",
  );
}

function namesOf(items: readonly { readonly Name: string }[]): readonly string[] {
  return items.map(({ Name }) => Name);
}

function assertUnique(what: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw fault(`${what} ${name} is defined twice`);
    seen.add(name);
  }
}

function assertName(name: string): void {
  if (name.startsWith("__")) throw fault(`name ${name} must not begin with "__"`);
}
