const NETWORK =
  "It would reach out to the network in the middle of a decision. Data comes in bundles; facts about the caller come from Envoy.";
const COMPILER = "It needs OPA's parser, which is not there when a request is served.";

/** The builtins that policies cannot use, and why. */
export const ABSENT_BUILTINS: ReadonlyMap<string, string> = new Map([
  ["http.send", NETWORK],
  ["net.lookup_ip_addr", NETWORK],
  ["rego.parse_module", COMPILER],
]);

/** The page that lists all builtins; it is a part of the package. */
const PAGE = "docs/builtins.md";

/**
 * What there is to say about the functions that a fault of OPA's compiler does not know; empty when there are none.
 * @param fault OPA's own words.
 */
export function adviceOnBuiltins(fault: string): string {
  const unknown = new Set([...fault.matchAll(/undefined function ([\w.]+)/g)].map(([, name = ""]) => name));
  const absent = [...unknown].flatMap((name) => {
    const reason = ABSENT_BUILTINS.get(name);
    return reason === undefined ? [] : [`${name} is not there. ${reason}`];
  });
  return unknown.size === 0 ? "" : [...absent, `${PAGE} lists the builtins that Regent has.`].join("\n");
}
