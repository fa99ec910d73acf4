import type { Field, Fragment, Operation, QueryDocument, Selection, VariableDefinition } from "./ast.ts";
import { DocumentReader } from "./reader.ts";

/** Parses a document of operations and fragments. @throws BuiltinError, RangeError when it is nested too deep. */
export function parseQuery(text: string, checkTime: () => void): QueryDocument {
  const parser = new QueryParser(text, checkTime);
  return parser.document();
}

const OPERATIONS = new Set(["query", "mutation", "subscription"]);

class QueryParser extends DocumentReader {
  document(): QueryDocument {
    const operations: Operation[] = [];
    const fragments: Fragment[] = [];
    while (!this.is("end")) {
      if (this.is("{")) operations.push(this.#shorthand());
      else if (!this.is("name")) throw this.unexpected("expected an operation or a fragment");
      else if (this.isWord("fragment")) fragments.push(this.#fragment());
      else operations.push(this.#operation());
    }
    return { Operations: operations, Fragments: fragments };
  }

  #shorthand(): Operation {
    return {
      Operation: "query",
      Name: "",
      VariableDefinitions: [],
      Directives: [],
      SelectionSet: this.#selections(),
    };
  }

  #operation(): Operation {
    if (!OPERATIONS.has(this.token.value)) throw this.unexpected("expected an operation or a fragment");
    const comment = this.comments;
    return {
      Operation: this.name(),
      Name: this.is("name") ? this.name() : "",
      VariableDefinitions: this.#variables(),
      Directives: this.directives(false),
      SelectionSet: this.#selections(),
      Comment: comment,
    };
  }

  #fragment(): Fragment {
    const comment = this.comments;
    this.advance();
    const name = this.#fragmentName();
    const variables = this.#variables();
    this.keyword("on");
    return {
      Name: name,
      VariableDefinition: variables,
      TypeCondition: this.name(),
      Directives: this.directives(false),
      SelectionSet: this.#selections(),
      Comment: comment,
    };
  }

  #fragmentName(): string {
    if (this.isWord("on")) throw this.unexpected("expected the name of a fragment");
    return this.name();
  }

  #variables(): readonly VariableDefinition[] {
    return this.some("(", ")", () => {
      const comment = this.comments;
      const variable = this.variable();
      this.expect(":");
      return {
        Variable: variable,
        Type: this.type(),
        DefaultValue: this.skip("=") ? this.value(true) : undefined,
        Directives: this.directives(false),
        Used: false,
        Comment: comment,
      };
    });
  }

  #selections(): readonly Selection[] {
    if (!this.is("{")) throw this.unexpected("expected {");
    return this.nested(() => this.some("{", "}", () => (this.is("...") ? this.#spread() : this.#field())));
  }

  #field(): Field {
    const comment = this.comments;
    const alias = this.name();
    return {
      Alias: alias,
      Name: this.skip(":") ? this.name() : alias,
      Arguments: this.arguments(false),
      Directives: this.directives(false),
      SelectionSet: this.is("{") ? this.#selections() : [],
      Comment: comment,
    };
  }

  #spread(): Selection {
    const comment = this.comments;
    this.advance();
    if (this.is("name") && !this.isWord("on"))
      return { Name: this.name(), Directives: this.directives(false), Comment: comment };
    const conditional = this.isWord("on");
    if (conditional) this.advance();
    return {
      TypeCondition: conditional ? this.name() : "",
      Directives: this.directives(false),
      SelectionSet: this.#selections(),
      Comment: comment,
    };
  }
}
