import type {
  ArgumentDefinition,
  CommentGroup,
  Definition,
  DirectiveDefinition,
  EnumValueDefinition,
  FieldDefinition,
  OperationType,
  SchemaDefinition,
  SchemaDocument,
} from "./ast.ts";
import { DocumentReader } from "./reader.ts";

/** Parses a document of type definitions. @throws BuiltinError, RangeError when it is nested too deep. */
export function parseSchema(text: string, checkTime: () => void): SchemaDocument {
  const parser = new SchemaParser(text, checkTime);
  return parser.document();
}

const KINDS: { readonly [keyword: string]: string } = {
  scalar: "SCALAR",
  type: "OBJECT",
  interface: "INTERFACE",
  union: "UNION",
  enum: "ENUM",
  input: "INPUT_OBJECT",
};

/** Where directives may stand. */
const LOCATIONS = new Set([
  ...["QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD"],
  ...["INLINE_FRAGMENT", "VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION"],
  ...["ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT"],
  "INPUT_FIELD_DEFINITION",
]);

type Description = {
  readonly Description: string;
  readonly BeforeDescriptionComment?: CommentGroup | undefined;
};
const UNDESCRIBED: Description = { Description: "" };

class SchemaParser extends DocumentReader {
  document(): SchemaDocument {
    const schema: SchemaDefinition[] = [];
    const schemaExtension: SchemaDefinition[] = [];
    const directives: DirectiveDefinition[] = [];
    const definitions: Definition[] = [];
    const extensions: Definition[] = [];
    while (!this.is("end")) {
      const description = this.#description();
      const { kind, value } = this.token;
      const comment = this.comments;
      if (kind !== "name") throw this.unexpected("expected a definition");
      if (value === "schema") schema.push(this.#schema(description, comment));
      else if (value === "directive") directives.push(this.#directive(description, comment));
      else if (value !== "extend") definitions.push(this.#type(description, comment));
      else {
        if (description.Description !== "") throw this.unexpected("an extension has no description");
        this.advance();
        if (this.isWord("schema")) schemaExtension.push(this.#schemaExtension(comment));
        else extensions.push(this.#typeExtension(comment));
      }
    }
    return {
      Schema: schema,
      SchemaExtension: schemaExtension,
      Directives: directives,
      Definitions: definitions,
      Extensions: extensions,
      Comment: this.comments,
    };
  }

  #description(): Description {
    if (!this.is("string") && !this.is("block")) return UNDESCRIBED;
    const comment = this.comments;
    return { Description: this.advance().value, BeforeDescriptionComment: comment };
  }

  #schema(description: Description, comment: CommentGroup | undefined): SchemaDefinition {
    this.keyword("schema");
    const directives = this.directives(true);
    const { items, end } = this.someWithEnd("{", "}", () => this.#operationType());
    return {
      ...description,
      AfterDescriptionComment: comment,
      Directives: directives,
      OperationTypes: items,
      EndOfDefinitionComment: end,
    };
  }

  #schemaExtension(comment: CommentGroup | undefined): SchemaDefinition {
    const extension = this.#schema(UNDESCRIBED, comment);
    if (extension.Directives.length + extension.OperationTypes.length === 0) throw this.unexpected();
    return extension;
  }

  #operationType(): OperationType {
    const comment = this.comments;
    const { value } = this.token;
    if (value !== "query" && value !== "mutation" && value !== "subscription") throw this.unexpected();
    this.advance();
    this.expect(":");
    return { Operation: value, Type: this.name(), Comment: comment };
  }

  #type(description: Description, comment: CommentGroup | undefined, extension = false): Definition {
    const keyword = this.token.value;
    const kind = KINDS[keyword];
    if (!this.is("name") || kind === undefined) throw this.unexpected("expected a definition");
    this.advance();
    const name = this.name();
    const composite = keyword === "type" || keyword === "interface";
    const interfaces = composite ? this.#interfaces() : [];
    // An extension of an input may have variables in its directives: gqlparser forgot to refuse them.
    const directives = this.directives(!(extension && keyword === "input"));
    const fields = composite || keyword === "input" ? this.#fields(composite) : { items: [] };
    const types = keyword === "union" ? this.#members() : [];
    const values = keyword === "enum" ? this.someWithEnd("{", "}", () => this.#enumValue()) : { items: [] };
    return {
      ...description,
      AfterDescriptionComment: comment,
      Kind: kind,
      Name: name,
      Directives: directives,
      Interfaces: interfaces,
      Fields: fields.items,
      Types: types,
      EnumValues: values.items,
      BuiltIn: false,
      EndOfDefinitionComment: fields.end ?? values.end,
    };
  }

  #typeExtension(comment: CommentGroup | undefined): Definition {
    const extension = this.#type(UNDESCRIBED, comment, true);
    const { Kind, Interfaces, Directives, Fields, Types, EnumValues } = extension;
    const interfaces = Kind === "OBJECT" ? Interfaces.length : 0;
    if (interfaces + Directives.length + Fields.length + Types.length + EnumValues.length === 0)
      throw this.unexpected("an extension must extend something");
    return extension;
  }

  #interfaces(): readonly string[] {
    if (!this.isWord("implements")) return [];
    this.advance();
    return this.#separated("&");
  }

  #members(): readonly string[] {
    return this.skip("=") ? this.#separated("|") : [];
  }

  /** Names with a separator between them, and perhaps in front. */
  #separated(separator: "&" | "|"): readonly string[] {
    this.skip(separator);
    const names = [this.name()];
    while (this.skip(separator)) names.push(this.name());
    return names;
  }

  #fields(withArguments: boolean): {
    readonly items: readonly FieldDefinition[];
    readonly end?: CommentGroup | undefined;
  } {
    return this.someWithEnd("{", "}", () => this.#field(withArguments));
  }

  /** A field has arguments, an input field a default. */
  #field(withArguments: boolean): FieldDefinition {
    const description = this.#innerDescription();
    const comment = this.comments;
    const name = this.name();
    const args = withArguments ? this.some("(", ")", () => this.#argument()) : [];
    this.expect(":");
    return {
      ...description,
      AfterDescriptionComment: comment,
      Name: name,
      Arguments: args,
      Type: this.type(),
      DefaultValue: !withArguments && this.skip("=") ? this.value(true) : undefined,
      Directives: this.directives(true),
    };
  }

  #argument(): ArgumentDefinition {
    const { Arguments: _, ...argument } = this.#field(false);
    return argument;
  }

  #enumValue(): EnumValueDefinition {
    const description = this.#innerDescription();
    const comment = this.comments;
    return {
      ...description,
      AfterDescriptionComment: comment,
      Name: this.name(),
      Directives: this.directives(true),
    };
  }

  /** An empty description inside a definition loses its comments. */
  #innerDescription(): Description {
    const description = this.#description();
    return description.Description === "" ? UNDESCRIBED : description;
  }

  #directive(description: Description, comment: CommentGroup | undefined): DirectiveDefinition {
    this.keyword("directive");
    this.expect("@");
    const name = this.name();
    const args = this.some("(", ")", () => this.#argument());
    const repeatable = this.is("name") && this.isWord("repeatable");
    if (repeatable) this.advance();
    this.keyword("on");
    const locations = this.#separated("|");
    const unknown = locations.find((location) => !LOCATIONS.has(location));
    if (unknown !== undefined) throw this.unexpected(`${unknown} is no place for directives`);
    return {
      ...description,
      AfterDescriptionComment: comment,
      Name: name,
      Arguments: args,
      Locations: locations,
      IsRepeatable: repeatable,
    };
  }
}
