/** JSON Schema (2020-12, and what is left of draft 7), in which tools and answers are described: its own words are no text. */

/** Keys of a schema. */
export const JSON_SCHEMA_KEYS: readonly string[] = [
  ..."$schema $id $ref $defs $anchor $comment $dynamicRef $dynamicAnchor $vocabulary definitions".split(" "),
  ..."allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains properties".split(" "),
  ..."patternProperties additionalProperties propertyNames unevaluatedItems unevaluatedProperties".split(" "),
  ..."const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern".split(
    " ",
  ),
  ..."maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required".split(" "),
  ..."dependentRequired title default deprecated readOnly writeOnly examples description format".split(" "),
  ..."contentEncoding contentMediaType contentSchema additionalItems dependencies nullable".split(" "),
];

/** What `type` says in a schema. */
export const JSON_SCHEMA_TYPES: readonly string[] = [
  "object",
  "array",
  "string",
  "number",
  "integer",
  "boolean",
  "null",
];
