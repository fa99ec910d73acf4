/** The cases of OPA's conformance suite that Regent does not answer as OPA does, and why. */
export type Exception = { readonly reason: string; readonly notes: readonly string[] };

export const EXCEPTIONS: readonly Exception[] = [
  {
    reason:
      "The case calls a builtin that Regent does not have: `http.send` and `net.lookup_ip_addr` reach out to the network, `rego.parse_module` needs OPA's parser. A policy that uses one is refused when it is built.",
    notes: [
      "invalidkeyerror/invalid keys",
      "invalidkeyerror/missing keys",
      "net.lookup_ip_addr/localhost",
      "net.lookup_ip_addr/simple ip4 returns that ip4",
      "net.lookup_ip_addr/simple ip6 returns that ip6",
      "regoparsemodule/error",
      "regoparsemodule/ok",
    ],
  },
  {
    reason: "The case calls `test.sleep`, which exists in OPA's own Go tests only.",
    notes: ["time/time caching"],
  },
  {
    reason:
      "The query asks for the whole data document. An entrypoint is one document in a package; a rule that reads all of them would read itself.",
    notes: ["fix1863/is defined", "topdowndynamicdispatch/dynamic dispatch"],
  },
  {
    reason:
      "In compiled Wasm a division by zero is undefined; in OPA's interpreter it is an error that ends the query.",
    notes: ["baseandvirtualdocs/enumerate virtual errors"],
  },
  {
    reason: "Compiled Wasm does not take a number for the name of a member in the data document.",
    notes: ["data/toplevel integer", "data/nested integer"],
  },
  {
    reason:
      "`json.unmarshal` of compiled Wasm keeps numbers with exponents of any size, which the interpreter refuses.",
    notes: [
      "jsonbuiltins/unmarshal number beyond the supported exponent is undefined",
      "jsonbuiltins/unmarshal number with too big an exponent is undefined",
    ],
  },
  {
    reason:
      "`format_int` of compiled Wasm aborts the evaluation for integers of more than 64 bits: the decision is a denial.",
    notes: ["strings/format_int: bignum exact (>64-bit integer, all bases + negative)"],
  },
];

/** The reason by the note of a case. */
export const EXCEPTION_REASONS: ReadonlyMap<string, string> = new Map(
  EXCEPTIONS.flatMap(({ reason, notes }) => notes.map((note) => [note, reason] as const)),
);
