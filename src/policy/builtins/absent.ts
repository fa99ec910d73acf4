const NETWORK =
  "It would reach out to the network in the middle of a decision. Data comes in bundles; facts about the caller come from Envoy.";
const COMPILER = "It needs OPA's parser, which is not there when a request is served.";

/** The builtins that policies cannot use, and why. */
export const ABSENT_BUILTINS: ReadonlyMap<string, string> = new Map([
  ["http.send", NETWORK],
  ["net.lookup_ip_addr", NETWORK],
  ["rego.parse_module", COMPILER],
]);
