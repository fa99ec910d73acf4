/** Documents in the form of the `graphql` library, and its rules about queries. */
import { GraphQLError } from "graphql/error";
import {
  type ArgumentNode,
  type ConstArgumentNode,
  type ConstDirectiveNode,
  type ConstValueNode,
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  type NamedTypeNode,
  type NameNode,
  type OperationTypeNode,
  type SelectionSetNode,
  type TypeNode,
  type ValueNode,
  type VariableDefinitionNode,
} from "graphql/language";
import type { GraphQLSchema } from "graphql/type";
import { buildASTSchema } from "graphql/utilities";
import {
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  KnownOperationTypesRule,
  KnownTypeNamesRule,
  LoneAnonymousOperationRule,
  MaxIntrospectionDepthRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  SingleFieldSubscriptionsRule,
  UniqueArgumentNamesRule,
  UniqueDirectivesPerLocationRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueOperationNamesRule,
  UniqueVariableNamesRule,
  type ValidationRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
  validate,
} from "graphql/validation";
import { BuiltinError } from "../builtin.ts";
import {
  type Argument,
  type ArgumentDefinition,
  type Definition,
  type Directive,
  type DirectiveDefinition,
  type Fragment,
  type Operation,
  type QueryDocument,
  type Selection,
  type TypeReference,
  VALUE_KIND,
  type Value,
  type VariableDefinition,
} from "./ast.ts";
import type { CheckedSchema } from "./checked-schema.ts";
import { PRELUDE_TYPES } from "./prelude.ts";

/** The rules that OPA applies; the library has a few more. */
const RULES: readonly ValidationRule[] = [
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  KnownOperationTypesRule,
  KnownTypeNamesRule,
  LoneAnonymousOperationRule,
  MaxIntrospectionDepthRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  PossibleFragmentSpreadsRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  SingleFieldSubscriptionsRule,
  UniqueArgumentNamesRule,
  UniqueDirectivesPerLocationRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueOperationNamesRule,
  UniqueVariableNamesRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
  OverlappingFieldsCanBeMergedRule,
];

/** @throws BuiltinError when the library refuses a name. */
export function buildSchema({ types, directives, roots }: CheckedSchema): GraphQLSchema {
  const definitions: DefinitionNode[] = [
    {
      kind: Kind.SCHEMA_DEFINITION,
      operationTypes: [...roots].map(([operation, type]) => ({
        kind: Kind.OPERATION_TYPE_DEFINITION,
        operation: operation as OperationTypeNode,
        type: named(type),
      })),
    },
    ...[...types.values()].filter(({ Name }) => !PRELUDE_TYPES.has(Name)).map(typeDefinition),
    ...[...directives.values()].map(directiveDefinition),
  ];
  return library(() =>
    buildASTSchema({ kind: Kind.DOCUMENT, definitions }, { assumeValid: true, assumeValidSDL: true }),
  );
}

/**
 * Holds a query to a schema.
 * @param checkTime is called at each part of the query and may throw.
 * @throws BuiltinError for the first rule that is broken, RangeError when there is too much to compare.
 */
export function validateQuery(schema: GraphQLSchema, query: QueryDocument, checkTime: () => void): void {
  const clock: ValidationRule = () => ({ enter: () => checkTime() });
  const [first] = library(() =>
    validate(schema, queryNode(query), [clock, ...RULES], { maxErrors: 1, hideSuggestions: true }),
  );
  if (first?.message === ABORTED) throw new RangeError("a GraphQL query is too complex to validate");
  if (first !== undefined) throw new BuiltinError(first.message);
}

/** What the library says when it has compared 500,000 pairs of fields, which takes it about 0.2 s. */
const ABORTED = "Validation aborted.";

function library<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphQLError) throw new BuiltinError(error.message, { cause: error });
    throw error;
  }
}

function nameNode(value: string): NameNode {
  return { kind: Kind.NAME, value };
}

function optionalName(value: string): { name: NameNode } | undefined {
  return value === "" ? undefined : { name: nameNode(value) };
}

function named(name: string): NamedTypeNode {
  return { kind: Kind.NAMED_TYPE, name: nameNode(name) };
}

function typeNode(type: TypeReference | undefined): TypeNode {
  if (type === undefined) throw new BuiltinError("a type is missing in the GraphQL document");
  const inner =
    type.NamedType === ""
      ? ({ kind: Kind.LIST_TYPE, type: typeNode(type.Elem) } as const)
      : named(type.NamedType);
  return type.NonNull ? { kind: Kind.NON_NULL_TYPE, type: inner } : inner;
}

function valueNode(value: Value | undefined): ValueNode {
  if (value === undefined) throw new BuiltinError("a value is missing in the GraphQL document");
  const { Raw, Children } = value;
  switch (value.Kind) {
    case VALUE_KIND.variable:
      return { kind: Kind.VARIABLE, name: nameNode(Raw) };
    case VALUE_KIND.int:
      return { kind: Kind.INT, value: Raw };
    case VALUE_KIND.float:
      return { kind: Kind.FLOAT, value: Raw };
    case VALUE_KIND.string:
    case VALUE_KIND.block:
      return { kind: Kind.STRING, value: Raw };
    case VALUE_KIND.boolean:
      return { kind: Kind.BOOLEAN, value: Raw === "true" };
    case VALUE_KIND.null:
      return { kind: Kind.NULL };
    case VALUE_KIND.enum:
      return { kind: Kind.ENUM, value: Raw };
    case VALUE_KIND.list:
      return { kind: Kind.LIST, values: Children.map((child) => valueNode(child.Value)) };
    case VALUE_KIND.object:
      return {
        kind: Kind.OBJECT,
        fields: Children.map((child) => ({
          kind: Kind.OBJECT_FIELD,
          name: nameNode(child.Name),
          value: valueNode(child.Value),
        })),
      };
    default:
      throw new BuiltinError(`a value in the GraphQL document is of the unknown kind ${value.Kind}`);
  }
}

function argumentNodes(args: readonly Argument[]): readonly ArgumentNode[] {
  return args.map(({ Name, Value }) => ({
    kind: Kind.ARGUMENT,
    name: nameNode(Name),
    value: valueNode(Value),
  }));
}

function directiveNodes(directives: readonly Directive[]): readonly DirectiveNode[] {
  return directives.map(({ Name, Arguments }) => ({
    kind: Kind.DIRECTIVE,
    name: nameNode(Name),
    arguments: argumentNodes(Arguments),
  }));
}

/** Where the grammar has no variables; a document that a policy made up may have them all the same. */
function constantDirectives(directives: readonly Directive[]): readonly ConstDirectiveNode[] {
  return directives.map(({ Name, Arguments }) => ({
    kind: Kind.DIRECTIVE,
    name: nameNode(Name),
    arguments: argumentNodes(Arguments) as readonly ConstArgumentNode[],
  }));
}

function defaultValue(value: Value | undefined): { defaultValue: ConstValueNode } | undefined {
  return value === undefined ? undefined : { defaultValue: valueNode(value) as ConstValueNode };
}

function queryNode({ Operations, Fragments }: QueryDocument): DocumentNode {
  return {
    kind: Kind.DOCUMENT,
    definitions: [...Operations.map(operationNode), ...Fragments.map(fragmentNode)],
  };
}

function operationNode(operation: Operation): DefinitionNode {
  const { Name, Operation, VariableDefinitions, Directives, SelectionSet } = operation;
  return {
    kind: Kind.OPERATION_DEFINITION,
    operation: (Operation === "" ? "query" : Operation) as OperationTypeNode,
    ...optionalName(Name),
    variableDefinitions: variableNodes(VariableDefinitions),
    directives: directiveNodes(Directives),
    selectionSet: selectionNode(SelectionSet),
  };
}

function fragmentNode({ Name, TypeCondition, Directives, SelectionSet }: Fragment): DefinitionNode {
  return {
    kind: Kind.FRAGMENT_DEFINITION,
    name: nameNode(Name),
    typeCondition: named(TypeCondition),
    directives: directiveNodes(Directives),
    selectionSet: selectionNode(SelectionSet),
  };
}

function variableNodes(definitions: readonly VariableDefinition[]): readonly VariableDefinitionNode[] {
  return definitions.map(({ Variable, Type, DefaultValue, Directives }) => ({
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: nameNode(Variable) },
    type: typeNode(Type),
    ...defaultValue(DefaultValue),
    directives: constantDirectives(Directives),
  }));
}

function selectionNode(selections: readonly Selection[]): SelectionSetNode {
  return {
    kind: Kind.SELECTION_SET,
    selections: selections.map((selection) => {
      const directives = directiveNodes(selection.Directives);
      if ("Alias" in selection)
        return {
          kind: Kind.FIELD,
          ...(selection.Alias === selection.Name || selection.Alias === ""
            ? undefined
            : { alias: nameNode(selection.Alias) }),
          name: nameNode(selection.Name),
          arguments: argumentNodes(selection.Arguments),
          directives,
          ...(selection.SelectionSet.length === 0
            ? undefined
            : { selectionSet: selectionNode(selection.SelectionSet) }),
        };
      if ("Name" in selection)
        return { kind: Kind.FRAGMENT_SPREAD, name: nameNode(selection.Name), directives };
      return {
        kind: Kind.INLINE_FRAGMENT,
        ...(selection.TypeCondition === "" ? undefined : { typeCondition: named(selection.TypeCondition) }),
        directives,
        selectionSet: selectionNode(selection.SelectionSet),
      };
    }),
  };
}

function typeDefinition(definition: Definition): DefinitionNode {
  const { Kind: kind, Name, Directives, Interfaces, Fields, Types, EnumValues } = definition;
  const common = { name: nameNode(Name), directives: constantDirectives(Directives) };
  switch (kind) {
    case "SCALAR":
      return { kind: Kind.SCALAR_TYPE_DEFINITION, ...common };
    case "OBJECT":
    case "INTERFACE":
      return {
        kind: kind === "OBJECT" ? Kind.OBJECT_TYPE_DEFINITION : Kind.INTERFACE_TYPE_DEFINITION,
        ...common,
        interfaces: Interfaces.map(named),
        fields: Fields.map(
          (field): FieldDefinitionNode => ({
            kind: Kind.FIELD_DEFINITION,
            name: nameNode(field.Name),
            arguments: field.Arguments.map(inputValueNode),
            type: typeNode(field.Type),
            directives: constantDirectives(field.Directives),
          }),
        ),
      };
    case "UNION":
      return { kind: Kind.UNION_TYPE_DEFINITION, ...common, types: Types.map(named) };
    case "ENUM":
      return {
        kind: Kind.ENUM_TYPE_DEFINITION,
        ...common,
        values: EnumValues.map((value) => ({
          kind: Kind.ENUM_VALUE_DEFINITION,
          name: nameNode(value.Name),
          directives: constantDirectives(value.Directives),
        })),
      };
    case "INPUT_OBJECT":
      return { kind: Kind.INPUT_OBJECT_TYPE_DEFINITION, ...common, fields: Fields.map(inputValueNode) };
    default:
      throw new BuiltinError(`type ${Name} of the GraphQL schema is of the unknown kind ${kind}`);
  }
}

function inputValueNode(argument: ArgumentDefinition): InputValueDefinitionNode {
  return {
    kind: Kind.INPUT_VALUE_DEFINITION,
    name: nameNode(argument.Name),
    type: typeNode(argument.Type),
    ...defaultValue(argument.DefaultValue),
    directives: constantDirectives(argument.Directives),
  };
}

function directiveDefinition(definition: DirectiveDefinition): DefinitionNode {
  return {
    kind: Kind.DIRECTIVE_DEFINITION,
    name: nameNode(definition.Name),
    arguments: definition.Arguments.map(inputValueNode),
    repeatable: definition.IsRepeatable,
    locations: definition.Locations.map(nameNode),
  };
}
