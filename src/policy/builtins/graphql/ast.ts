/**
 * GraphQL documents in the form that OPA gives and takes: the structures of gqlparser, written as JSON with the names of
 * their Go fields. What stands here is what is left after OPA has dropped positions, nulls and empty lists and objects.
 * @see https://pkg.go.dev/github.com/vektah/gqlparser/v2/ast
 */
import { BuiltinError } from "../builtin.ts";
import { isArray, isObject, type RegoObject, type RegoValue } from "../value.ts";

/** Comments that stand directly in front of something, `#` included. */
export type CommentGroup = { readonly List: readonly { readonly Value: string }[] };
type Commented = { readonly Comment?: CommentGroup | undefined };
type Described = {
  readonly Description: string;
  readonly BeforeDescriptionComment?: CommentGroup | undefined;
  readonly AfterDescriptionComment?: CommentGroup | undefined;
};

/** `Kind` of a value. */
export const VALUE_KIND = {
  variable: 0,
  int: 1,
  float: 2,
  string: 3,
  block: 4,
  boolean: 5,
  null: 6,
  enum: 7,
  list: 8,
  object: 9,
} as const;

/** `Raw` is the text of a scalar, a name without `$` of a variable, empty for lists and objects. */
export type Value = Commented & {
  readonly Raw: string;
  readonly Kind: number;
  readonly Children: readonly ChildValue[];
  /** Filled by gqlparser's validation, which happens after OPA has taken the document. */
  readonly ExpectedTypeHasDefault: boolean;
};
export type ChildValue = Commented & { readonly Name: string; readonly Value?: Value | undefined };

/** A name, or a list of `Elem`. */
export type TypeReference = {
  readonly NamedType: string;
  readonly Elem?: TypeReference | undefined;
  readonly NonNull: boolean;
};

export type Argument = Commented & { readonly Name: string; readonly Value?: Value | undefined };
export type Directive = {
  readonly Name: string;
  readonly Arguments: readonly Argument[];
  readonly Location: string;
};

export type Field = Commented & {
  readonly Alias: string;
  readonly Name: string;
  readonly Arguments: readonly Argument[];
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type FragmentSpread = Commented & { readonly Name: string; readonly Directives: readonly Directive[] };
export type InlineFragment = Commented & {
  readonly TypeCondition: string;
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type Selection = Field | FragmentSpread | InlineFragment;

export type VariableDefinition = Commented & {
  readonly Variable: string;
  readonly Type?: TypeReference | undefined;
  readonly DefaultValue?: Value | undefined;
  readonly Directives: readonly Directive[];
  readonly Used: boolean;
};
export type Operation = Commented & {
  /** `query`, `mutation` or `subscription`. */
  readonly Operation: string;
  readonly Name: string;
  readonly VariableDefinitions: readonly VariableDefinition[];
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type Fragment = Commented & {
  readonly Name: string;
  readonly VariableDefinition: readonly VariableDefinition[];
  readonly TypeCondition: string;
  readonly Directives: readonly Directive[];
  readonly SelectionSet: readonly Selection[];
};
export type QueryDocument = Commented & {
  readonly Operations: readonly Operation[];
  readonly Fragments: readonly Fragment[];
};

export type ArgumentDefinition = Described & {
  readonly Name: string;
  readonly DefaultValue?: Value | undefined;
  readonly Type?: TypeReference | undefined;
  readonly Directives: readonly Directive[];
};
/** Of an object, an interface or an input object. */
export type FieldDefinition = ArgumentDefinition & { readonly Arguments: readonly ArgumentDefinition[] };
export type EnumValueDefinition = Described & {
  readonly Name: string;
  readonly Directives: readonly Directive[];
};
/** A type, or an extension of one. */
export type Definition = Described & {
  /** `SCALAR`, `OBJECT`, `INTERFACE`, `UNION`, `ENUM` or `INPUT_OBJECT`. */
  readonly Kind: string;
  readonly Name: string;
  readonly Directives: readonly Directive[];
  readonly Interfaces: readonly string[];
  readonly Fields: readonly FieldDefinition[];
  readonly Types: readonly string[];
  readonly EnumValues: readonly EnumValueDefinition[];
  readonly BuiltIn: boolean;
  readonly EndOfDefinitionComment?: CommentGroup | undefined;
};
export type DirectiveDefinition = Described & {
  readonly Name: string;
  readonly Arguments: readonly ArgumentDefinition[];
  readonly Locations: readonly string[];
  readonly IsRepeatable: boolean;
};
export type OperationType = Commented & { readonly Operation: string; readonly Type: string };
export type SchemaDefinition = Described & {
  readonly Directives: readonly Directive[];
  readonly OperationTypes: readonly OperationType[];
  readonly EndOfDefinitionComment?: CommentGroup | undefined;
};
export type SchemaDocument = Commented & {
  readonly Schema: readonly SchemaDefinition[];
  readonly SchemaExtension: readonly SchemaDefinition[];
  readonly Directives: readonly DirectiveDefinition[];
  readonly Definitions: readonly Definition[];
  readonly Extensions: readonly Definition[];
};

/** A document as a Rego value, without what is absent or empty. */
export function regoOf(node: object): RegoObject {
  return new Map(
    Object.entries(node).flatMap(([name, member]): [RegoValue, RegoValue][] => {
      const value = regoValueOf(member);
      return value === undefined || isEmpty(value) ? [] : [[name, value]];
    }),
  );
}

function regoValueOf(member: unknown): RegoValue | undefined {
  if (Array.isArray(member))
    return member.map(regoValueOf).filter((item): item is RegoValue => item !== undefined && !isEmpty(item));
  if (typeof member === "object" && member !== null) return regoOf(member);
  return member as RegoValue | undefined;
}

function isEmpty(value: RegoValue): boolean {
  return isArray(value) ? value.length === 0 : isObject(value) && value.size === 0;
}

/** How a member of a structure is read from a Rego value. */
type Reader = (value: RegoValue | undefined, place: string) => unknown;
type Readers = { readonly [member: string]: Reader };

const text: Reader = (value, place) => {
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new BuiltinError(`${place} must be a string`);
  return value;
};
const flag: Reader = (value, place) => {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw new BuiltinError(`${place} must be a boolean`);
  return value;
};
const integer: Reader = (value, place) => {
  if (value === undefined || value === null) return 0;
  if (!Number.isSafeInteger(value)) throw new BuiltinError(`${place} must be an integer`);
  return value;
};
function list(item: Reader): Reader {
  return (value, place) => {
    if (value === undefined || value === null) return [];
    if (!isArray(value)) throw new BuiltinError(`${place} must be an array`);
    return value.map((element, index) => item(element, `${place}[${index}]`));
  };
}
/** A structure that is always there in a list, and may be absent as a member. */
function structure(readers: () => Readers): Reader {
  return (value, place) => {
    if (value === undefined || value === null) return undefined;
    if (!isObject(value)) throw new BuiltinError(`${place} must be an object`);
    return Object.fromEntries(
      Object.entries(readers()).map(([name, read]) => [name, read(value.get(name), `${place}.${name}`)]),
    );
  };
}

const commentGroup = structure(() => ({ List: list(structure(() => ({ Value: text }))) }));
const typeReference: Reader = structure(() => ({ NamedType: text, Elem: typeReference, NonNull: flag }));
const value: Reader = structure(() => ({
  Raw: text,
  Kind: integer,
  Children: list(structure(() => ({ Name: text, Value: value, Comment: commentGroup }))),
  ExpectedTypeHasDefault: flag,
  Comment: commentGroup,
}));
const argumentList = list(structure(() => ({ Name: text, Value: value, Comment: commentGroup })));
const directives = list(structure(() => ({ Name: text, Arguments: argumentList, Location: text })));
const variableDefinitions = list(
  structure(() => ({
    Variable: text,
    Type: typeReference,
    DefaultValue: value,
    Directives: directives,
    Used: flag,
    Comment: commentGroup,
  })),
);

const field = structure(() => ({
  Alias: text,
  Name: text,
  Arguments: argumentList,
  Directives: directives,
  SelectionSet: selectionSet,
}));
/** gqlparser takes every object for a field, even what was a fragment, and drops what is no object. */
const selectionSet: Reader = (items, place) =>
  list(field)(items !== undefined && isArray(items) ? items.filter(isObject) : items, place);

const queryDocument = structure(() => ({
  Operations: list(
    structure(() => ({
      Operation: text,
      Name: text,
      VariableDefinitions: variableDefinitions,
      Directives: directives,
      SelectionSet: selectionSet,
    })),
  ),
  Fragments: list(
    structure(() => ({
      Name: text,
      VariableDefinition: variableDefinitions,
      TypeCondition: text,
      Directives: directives,
      SelectionSet: selectionSet,
    })),
  ),
  Comment: commentGroup,
}));

const described: Readers = {
  Description: text,
  BeforeDescriptionComment: commentGroup,
  AfterDescriptionComment: commentGroup,
};
const argumentDefinition: Readers = {
  ...described,
  Name: text,
  DefaultValue: value,
  Type: typeReference,
  Directives: directives,
};
const argumentDefinitions = list(structure(() => argumentDefinition));
const definitions = list(
  structure(() => ({
    ...described,
    Kind: text,
    Name: text,
    Directives: directives,
    Interfaces: list(text),
    Fields: list(structure(() => ({ ...argumentDefinition, Arguments: argumentDefinitions }))),
    Types: list(text),
    EnumValues: list(structure(() => ({ ...described, Name: text, Directives: directives }))),
    BuiltIn: flag,
    EndOfDefinitionComment: commentGroup,
  })),
);
const schemaDefinitions = list(
  structure(() => ({
    ...described,
    Directives: directives,
    OperationTypes: list(structure(() => ({ Operation: text, Type: text, Comment: commentGroup }))),
    EndOfDefinitionComment: commentGroup,
  })),
);
const schemaDocument = structure(() => ({
  Schema: schemaDefinitions,
  SchemaExtension: schemaDefinitions,
  Directives: list(
    structure(() => ({
      ...described,
      Name: text,
      Arguments: argumentDefinitions,
      Locations: list(text),
      IsRepeatable: flag,
    })),
  ),
  Definitions: definitions,
  Extensions: definitions,
  Comment: commentGroup,
}));

/** A query that a policy hands over as an object. Members that there are not are ignored. @throws BuiltinError */
export function queryDocumentOf(object: RegoObject): QueryDocument {
  return queryDocument(object, "query") as QueryDocument;
}

/** A schema that a policy hands over as an object. @throws BuiltinError */
export function schemaDocumentOf(object: RegoObject): SchemaDocument {
  return schemaDocument(object, "schema") as SchemaDocument;
}
