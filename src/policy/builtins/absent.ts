const NETWORK =
  "It would reach out to the network in the middle of a decision. Data comes in bundles; facts about the caller come from Envoy.";

/** The builtins that policies cannot use, and why. */
export const ABSENT_BUILTINS: ReadonlyMap<string, string> = new Map([
  ["http.send", NETWORK],
  ["net.lookup_ip_addr", NETWORK],
]);
