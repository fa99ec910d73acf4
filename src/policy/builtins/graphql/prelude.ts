import type { SchemaDocument } from "./ast.ts";
import { parseSchema } from "./schema.ts";

/**
 * What every schema has without saying so: the scalars and directives of the specification, `defer`, and the types of
 * introspection. Of the latter only name and kind count here; the library knows their fields.
 */
const PRELUDE = `
scalar Int scalar Float scalar String scalar Boolean scalar ID
directive @defer(if: Boolean = true, label: String) on FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @deprecated(reason: String = "No longer supported")
  on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
directive @specifiedBy(url: String!) on SCALAR
directive @oneOf on INPUT_OBJECT
type __Schema { description: String }
type __Type { description: String }
enum __TypeKind { SCALAR OBJECT INTERFACE UNION ENUM INPUT_OBJECT LIST NON_NULL }
type __Field { description: String }
type __InputValue { description: String }
type __EnumValue { description: String }
type __Directive { description: String }
enum __DirectiveLocation { QUERY }
`;

export const prelude: SchemaDocument = parseSchema(PRELUDE, () => {});

export const PRELUDE_TYPES: ReadonlySet<string> = new Set(prelude.Definitions.map(({ Name }) => Name));
export const PRELUDE_DIRECTIVES: ReadonlySet<string> = new Set(prelude.Directives.map(({ Name }) => Name));
