import { type Case, entrypointOf, toJson } from "./cases.ts";

/** A case as something to compile and evaluate: modules, a data document, an entrypoint, an input. */
export type Job = {
  readonly testCase: Case;
  readonly modules: readonly string[];
  /** JSON. */
  readonly data: string;
  readonly path: readonly string[];
  readonly input: string | undefined;
  /** What the entrypoint gives: one value of a variable, or a list of all bindings. */
  readonly gives: { readonly variable: string } | "bindings";
};

/** The package that a query of another form is put into. */
const QUERY_PACKAGE = "conformance_query";

export function jobOf(testCase: Case): Job {
  const entrypoint = entrypointOf(testCase.query);
  const common = {
    testCase,
    data: toJson(testCase.data ?? {}),
    // OPA parses this as a term, which may have commas at the end.
    input:
      testCase.input_term?.replace(/,(\s*[}\]])/g, "$1") ??
      (testCase.input === undefined ? undefined : toJson(testCase.input)),
  };
  const modules = testCase.modules ?? [];
  if (entrypoint !== undefined)
    return { ...common, modules, path: entrypoint.path, gives: { variable: entrypoint.variable } };
  return {
    ...common,
    modules: [...modules, queryModule(testCase)],
    path: [QUERY_PACKAGE, "bindings"],
    gives: "bindings",
  };
}

/** A query that is no document becomes a rule that lists what its variables can be. */
function queryModule({ query, want_result = [] }: Case): string {
  const variables = Object.keys(want_result[0] ?? {});
  const binding = variables.map((name) => `"${name}": ${name}`).join(", ");
  return `package ${QUERY_PACKAGE}\n\nbindings := [{${binding}} | ${query}]\n`;
}
