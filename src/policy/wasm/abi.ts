/** Addresses in the linear memory of a policy. Zero is "nothing". */
export type Address = number;

/**
 * What a policy compiled by OPA exports, as far as Regent uses it.
 * @see https://www.openpolicyagent.org/docs/wasm#exports
 */
export type PolicyExports = {
  readonly opa_malloc: (bytes: number) => Address;
  readonly opa_value_parse: (text: Address, bytes: number) => Address;
  readonly opa_json_dump: (value: Address) => Address;
  readonly opa_value_dump: (value: Address) => Address;
  readonly opa_heap_ptr_get: () => Address;
  readonly opa_heap_ptr_set: (address: Address) => void;
  readonly opa_eval_ctx_new: () => Address;
  readonly opa_eval_ctx_set_input: (context: Address, value: Address) => void;
  readonly opa_eval_ctx_set_data: (context: Address, value: Address) => void;
  readonly opa_eval_ctx_set_entrypoint: (context: Address, entrypoint: number) => void;
  readonly opa_eval_ctx_get_result: (context: Address) => Address;
  readonly eval: (context: Address) => number;
  readonly builtins: () => Address;
  readonly entrypoints: () => Address;
  /** Since ABI 1.3: keeps the free blocks of the data document from leaking when the heap pointer is set. */
  readonly opa_heap_blocks_stash?: () => void;
  /** Added by the meter: steps left until the host is called. */
  readonly regent_steps: WebAssembly.Global;
  readonly opa_wasm_abi_version: WebAssembly.Global;
  readonly opa_wasm_abi_minor_version: WebAssembly.Global;
};

export const REQUIRED_FUNCTIONS = [
  "opa_malloc",
  "opa_value_parse",
  "opa_json_dump",
  "opa_value_dump",
  "opa_heap_ptr_get",
  "opa_heap_ptr_set",
  "opa_eval_ctx_new",
  "opa_eval_ctx_set_input",
  "opa_eval_ctx_set_data",
  "opa_eval_ctx_set_entrypoint",
  "opa_eval_ctx_get_result",
  "eval",
  "builtins",
  "entrypoints",
] as const;

/** What a policy may import, all from the module `env`. Anything else is foreign and refused. */
export const ALLOWED_IMPORTS: ReadonlyMap<string, string> = new Map([
  ["memory", "memory"],
  ["opa_abort", "function"],
  ["opa_println", "function"],
  ["opa_builtin0", "function"],
  ["opa_builtin1", "function"],
  ["opa_builtin2", "function"],
  ["opa_builtin3", "function"],
  ["opa_builtin4", "function"],
]);

export const ABI_MAJOR = 1;
/** 1.2 came with OPA 0.30 (2021). Newer minor versions only add exports. */
export const ABI_MINOR_MIN = 2;

export const PAGE_BYTES = 65_536;
