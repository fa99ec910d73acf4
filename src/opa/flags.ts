/** What Regent does with a flag of `opa run`. */
export type FlagState =
  /** As OPA does. */
  | "same"
  /** Taken without effect: nothing here is done in the way that it changes. */
  | "no effect"
  /** Refused by name: to leave it out would be unsafe, or leave who wrote it without what was asked for. */
  | "refused";

export type OpaFlag = {
  /** As commander declares it: `-a, --addr <address>`. */
  readonly declaration: string;
  readonly state: FlagState;
  /** For help where it works; why not, or what instead, where it does not. */
  readonly note: string;
  /** May be given several times, and hold several values with commas in between. */
  readonly list?: "commas" | "repeated";
};

const TLS = "TLS is not served on these addresses: let the mesh or a proxy end it";
const NO_TLS = "there is no TLS on these addresses that it could bound";

/**
 * The flags of `opa run` of OPA 1.22. docs/migrate-from-opa-envoy.md has the same rows; a test holds the two together,
 * and another one this table and OPA's own help.
 */
export const OPA_FLAGS: readonly OpaFlag[] = [
  {
    declaration: "-a, --addr <address>",
    state: "same",
    note: "where OPA's HTTP API listens, HOST:PORT or unix://PATH (default: localhost:8181)",
    list: "commas",
  },
  {
    declaration: "--diagnostic-addr <address>",
    state: "same",
    note: "where only /health and /metrics are served",
    list: "commas",
  },
  {
    declaration: "--set <key=value>",
    state: "same",
    note: "set a value of the configuration",
    list: "repeated",
  },
  {
    declaration: "--set-file <key=file>",
    state: "same",
    note: "set a value of the configuration to what is in a file",
    list: "repeated",
  },
  { declaration: "-b, --bundle", state: "same", note: "take the paths for bundles, each with its own roots" },
  {
    declaration: "--ignore <pattern>",
    state: "same",
    note: "names of files and folders that are not loaded",
    list: "commas",
  },
  { declaration: "-w, --watch", state: "same", note: "load the paths again when they change" },
  {
    declaration: "--watch-config",
    state: "same",
    note: "load the configuration again when its file changes; addresses need a restart",
  },
  { declaration: "-l, --log-level <level>", state: "same", note: "debug, info or error" },
  { declaration: "--log-format <format>", state: "same", note: "json, json-pretty or text" },
  {
    declaration: "--unix-socket-perm <mode>",
    state: "same",
    note: "permissions of unix sockets of --addr and --diagnostic-addr (default: 755)",
  },
  {
    declaration: "--shutdown-grace-period <seconds>",
    state: "same",
    note: "how long what is in flight may take at the end (default: 10)",
  },
  {
    declaration: "--shutdown-wait-period <seconds>",
    state: "same",
    note: "how long to go on serving after SIGTERM, not ready any more (default: 0)",
  },
  {
    declaration: "--ready-timeout <seconds>",
    state: "same",
    note: "how long to wait for the bundles before the HTTP addresses are opened (default: 0, not at all)",
  },
  {
    declaration: "--verification-key <key>",
    state: "same",
    note: "secret, or file of the public key, that verifies the bundles of --bundle",
  },
  { declaration: "--verification-key-id <id>", state: "same", note: "its name (default: default)" },
  { declaration: "--signing-alg <algorithm>", state: "same", note: "its algorithm (default: RS256)" },
  { declaration: "--scope <scope>", state: "same", note: "what signatures of these bundles must be for" },
  {
    declaration: "--exclude-files-verify <pattern>",
    state: "same",
    note: "files of these bundles that are not signed",
    list: "commas",
  },
  { declaration: "-s, --server", state: "no effect", note: "there is no other mode" },
  { declaration: "--skip-version-check", state: "no effect", note: "nobody is asked about versions" },
  { declaration: "--disable-telemetry", state: "no effect", note: "nobody is asked about versions" },
  { declaration: "--v1-compatible", state: "no effect", note: "Rego v1 is the default" },
  { declaration: "--skip-known-schema-check", state: "no effect", note: "no schema of an input is assumed" },
  { declaration: "--optimize-store-for-read-speed", state: "no effect", note: "data is read by Wasm" },
  {
    declaration: "-m, --max-errors <count>",
    state: "no effect",
    note: "all errors of the compiler are shown",
  },
  {
    declaration: "--log-level-request <level>",
    state: "no effect",
    note: "requests have no lines of their own; decisions are in the decision log",
  },
  { declaration: "--log-timestamp-format <format>", state: "no effect", note: "times are RFC 3339 in UTC" },
  { declaration: "--h2c", state: "no effect", note: "the HTTP addresses speak HTTP/1.1" },
  { declaration: "--pprof", state: "no effect", note: "this is no Go program: use node --inspect" },
  { declaration: "--min-tls-version <version>", state: "no effect", note: NO_TLS },
  { declaration: "--tls-cipher-suites <suite>", state: "no effect", note: NO_TLS, list: "commas" },
  { declaration: "-f, --format <format>", state: "no effect", note: "of OPA's shell, which is not there" },
  { declaration: "-H, --history <file>", state: "no effect", note: "of OPA's shell, which is not there" },
  {
    declaration: "--config-file <file>",
    state: "refused",
    note: "name OPA's configuration in --opa-config; -c is Regent's own",
  },
  {
    declaration: "--authentication <scheme>",
    state: "refused",
    note: "may only be off: bind --addr to localhost or a unix socket, and let the mesh authenticate who else may ask",
  },
  {
    declaration: "--authorization <scheme>",
    state: "refused",
    note: "may only be off: bind --addr to localhost or a unix socket, and let the mesh decide who else may ask",
  },
  { declaration: "--tls-cert-file <file>", state: "refused", note: TLS },
  { declaration: "--tls-private-key-file <file>", state: "refused", note: TLS },
  { declaration: "--tls-ca-cert-file <file>", state: "refused", note: TLS },
  { declaration: "--tls-cert-refresh-period <duration>", state: "refused", note: TLS },
  {
    declaration: "--skip-verify",
    state: "refused",
    note: "signed bundles are verified: leave --verification-key out only for bundles that are not signed",
  },
  {
    declaration: "--v0-compatible",
    state: "refused",
    note: "say rego_version: 0 in the .manifest of bundles, or rewrite sources with opa fmt --v0-v1",
  },
];

/** `--addr` of a declaration. */
export function longName({ declaration }: OpaFlag): string {
  return /--[a-z0-9-]+/.exec(declaration)?.[0] ?? "";
}
