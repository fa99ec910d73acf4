/**
 * The builtins that OPA's compiler replaces while it builds a policy: what is left in the Wasm module calls nothing.
 * `print` becomes `internal.print`, or nothing; annotations become constants; test cases only exist in `opa test`.
 */
export const COMPILED_BUILTINS: ReadonlySet<string> = new Set([
  "internal.test_case",
  "print",
  "rego.metadata.chain",
  "rego.metadata.rule",
]);
