/** What Regent does with a key of OPA's configuration. */
export type KeyState =
  /** As OPA does. */
  | "same"
  /** Does what it says, with the difference of the note. */
  | "different"
  /** Taken without effect, with a warning at start: that nothing comes of it changes no decision. */
  | "ignored"
  /** Refused at start: to leave it out in silence would be unsafe, or the file could not mean what it says. */
  | "refused";

export type KeyRow = { readonly state: KeyState; readonly note?: string };

const SAME: KeyRow = { state: "same" };
const different = (note: string): KeyRow => ({ state: "different", note });
const ignored = (note: string): KeyRow => ({ state: "ignored", note });
const refused = (note: string): KeyRow => ({ state: "refused", note });

type Rows = { readonly [key: string]: KeyRow };

const SIGNING: Rows = {
  "signing.keyid": SAME,
  "signing.scope": SAME,
  "signing.exclude_files": SAME,
  "signing.allow_unsigned_delta_bundles": ignored("delta bundles are refused, signed or not"),
};
const DOWNLOAD: Rows = {
  service: SAME,
  resource: SAME,
  persist: SAME,
  trigger: different("`periodic` only; `manual` is for programs that embed OPA and is refused"),
  "polling.min_delay_seconds": SAME,
  "polling.max_delay_seconds": SAME,
  "polling.long_polling_timeout_seconds": SAME,
  "polling.superseded_etag_ttl_seconds": ignored("only the ETag of the active bundle is sent"),
  ...SIGNING,
};

/** The old form of a bundle is found by prefix and name, and neither verified nor kept, as in OPA. */
function inOldForm(key: string): KeyRow | undefined {
  const without = key === "resource" || key === "persist" || key.startsWith("signing.");
  return without ? ignored("as in OPA: `bundles` has it") : undefined;
}

const TOKEN_FILE =
  "no credentials for it are fetched: let the platform write a token to a file and name it in `bearer.token_path`";
const AWS =
  "use `environment_credentials` or `profile_credentials`: the platform can put temporary keys into both";
const CLIENT_SECRET = "only the client credentials grant with a client secret is supported";
const CUSTOM = "custom plugins of OPA are Go code and cannot be loaded";
const CACHES = "caches of OPA's builtins; Regent's own are bounded without being told";

/** The keys of opa-envoy-plugin, below each of its two names. */
export const PLUGIN_KEYS = {
  addr: different("`:9191` listens everywhere, as the plugin does, with a warning at start"),
  path: SAME,
  query: different("compiled at start, as a rule of its own where it is not the name of one"),
  "dry-run": SAME,
  "enable-reflection": SAME,
  "proto-descriptor": SAME,
  "grpc-max-recv-msg-size": SAME,
  "grpc-max-send-msg-size": SAME,
  "skip-request-body-parse": SAME,
  "enable-performance-metrics": SAME,
  "grpc-request-duration-seconds-buckets": SAME,
} as const satisfies Rows;

/** Under these names the plugin is configured; the second is its old one. */
export const PLUGIN_NAMES = ["envoy_ext_authz_grpc", "envoy.ext_authz.grpc"] as const;

/**
 * Every key of the configuration of OPA 1.22 and of opa-envoy-plugin, as the path to it: `*` is a name that the user
 * chooses, `**` is everything below. docs/migrate-from-opa-envoy.md has the same rows; a test holds the two together.
 */
export const KEYS: readonly (readonly [path: readonly string[], row: KeyRow])[] = [
  ...below(["services", "*"], {
    name: SAME,
    url: SAME,
    "headers.*": SAME,
    response_header_timeout_seconds: SAME,
    allow_insecure_tls: SAME,
    "tls.ca_cert": SAME,
    "tls.system_ca_required": SAME,
    type: different("may only be empty: `oci` registries are refused"),
    "credentials.bearer.token": SAME,
    "credentials.bearer.token_path": SAME,
    "credentials.bearer.scheme": SAME,
    "credentials.client_tls.cert": SAME,
    "credentials.client_tls.private_key": SAME,
    "credentials.client_tls.private_key_passphrase": SAME,
    "credentials.client_tls.ca_cert": SAME,
    "credentials.client_tls.system_ca_required": SAME,
    "credentials.client_tls.cert_reread_interval_seconds": ignored(
      "renewed certificates are noticed without it",
    ),
    "credentials.s3_signing.environment_credentials": SAME,
    "credentials.s3_signing.service": SAME,
    "credentials.s3_signing.signature_version": different("`4` only; `4a` is refused"),
    "credentials.s3_signing.metadata_credentials.**": refused(AWS),
    "credentials.s3_signing.assume_role_credentials.**": refused(AWS),
    "credentials.s3_signing.web_identity_credentials.**": refused(AWS),
    "credentials.s3_signing.profile_credentials.path": SAME,
    "credentials.s3_signing.profile_credentials.profile": SAME,
    "credentials.s3_signing.profile_credentials.aws_region": SAME,
    "credentials.s3_signing.sso_credentials.**": refused(AWS),
    "credentials.oauth2.token_url": SAME,
    "credentials.oauth2.client_id": SAME,
    "credentials.oauth2.client_secret": SAME,
    "credentials.oauth2.scopes": SAME,
    "credentials.oauth2.grant_type": different("`client_credentials` only"),
    "credentials.oauth2.**": refused(CLIENT_SECRET),
    "credentials.gcp_metadata.**": refused(TOKEN_FILE),
    "credentials.azure_managed_identity.**": refused(TOKEN_FILE),
    "credentials.plugin": refused(CUSTOM),
  }),
  ...below(["bundles", "*"], { ...DOWNLOAD, size_limit_bytes: SAME }),
  ...below(["bundle"], {
    ...Object.fromEntries(Object.entries(DOWNLOAD).map(([key, row]) => [key, inOldForm(key) ?? row])),
    name: SAME,
    prefix: SAME,
    size_limit_bytes: SAME,
  }),
  ...below(["discovery"], { ...DOWNLOAD, decision: SAME, name: SAME, prefix: SAME }),
  ...below(["decision_logs"], {
    service: SAME,
    resource: SAME,
    partition_name: SAME,
    plugin: refused(`${CUSTOM}: send the log to a \`service\` or to the \`console\``),
    console: SAME,
    mask_decision: SAME,
    drop_decision: SAME,
    nd_builtin_cache: SAME,
    "reporting.buffer_type": SAME,
    "reporting.buffer_size_limit_bytes": different("64 MiB unless told otherwise, where OPA has no limit"),
    "reporting.buffer_size_limit_events": SAME,
    "reporting.upload_size_limit_bytes": SAME,
    "reporting.min_delay_seconds": SAME,
    "reporting.max_delay_seconds": SAME,
    "reporting.max_decisions_per_second": SAME,
    "reporting.trigger": different("`periodic` and `immediate`; `manual` is refused"),
    "request_context.http.headers": SAME,
  }),
  ...below(["status"], {
    service: SAME,
    partition_name: SAME,
    plugin: refused(`${CUSTOM}: send the status to a \`service\` or to the \`console\``),
    console: SAME,
    prometheus: ignored("`/metrics` always says what is active and what was refused"),
    "prometheus_config.**": ignored("`/metrics` has its own buckets"),
    trigger: different("`periodic` only; `manual` is refused"),
  }),
  ...below([], {
    "labels.*": SAME,
    "keys.*.key": SAME,
    "keys.*.private_key": ignored("nothing is signed here"),
    "keys.*.algorithm": SAME,
    "keys.*.scope": SAME,
    default_decision: SAME,
    default_authorization_decision: ignored("the API has no authorization by policy: see `--authorization`"),
    nd_builtin_cache: SAME,
    persistence_directory: SAME,
    "caching.inter_query_builtin_cache.**": ignored(CACHES),
    "caching.inter_query_builtin_value_cache.**": ignored(CACHES),
    "distributed_tracing.**": ignored("this mode writes no spans; trace and span are in the decision log"),
    "metrics_export.**": ignored("metrics are not pushed: scrape `/metrics`"),
    "server.decoding.max_length": different("4 MiB unless told otherwise, 64 MiB at most"),
    "server.decoding.gzip.max_length": different("16 MiB unless told otherwise, 64 MiB at most"),
    "server.encoding.gzip.min_length": ignored("answers are not compressed"),
    "server.encoding.gzip.compression_level": ignored("answers are not compressed"),
    "server.metrics.**": ignored("`/metrics` has its own buckets"),
    "server.logger_plugin": refused(CUSTOM),
    "storage.disk.**": ignored("data is held in memory"),
  }),
  ...PLUGIN_NAMES.flatMap((name) =>
    Object.entries(PLUGIN_KEYS).map(([key, row]) => [["plugins", name, key], row] as const),
  ),
  [["plugins", "*", "**"], refused(CUSTOM)],
];

function below(prefix: readonly string[], rows: Rows): (readonly [readonly string[], KeyRow])[] {
  return Object.entries(rows).map(([key, row]) => [[...prefix, ...key.split(".")], row] as const);
}

/** What is known of a path in a configuration. */
export type Known =
  | { readonly kind: "row"; readonly row: KeyRow }
  /** A map on the way to known keys. */
  | { readonly kind: "inner" }
  /** With the keys that could stand there instead. */
  | { readonly kind: "unknown"; readonly allowed: readonly string[] };

/** Looks a path up, a name that is written out before one that is chosen. A position in a list is a chosen name. */
export function lookUpKey(path: readonly (string | number)[]): Known {
  let node = ROOT;
  for (const step of path) {
    const next = node.below.get(String(step)) ?? node.below.get("*");
    const open = node.below.get("**");
    if (next === undefined && open?.row !== undefined) return { kind: "row", row: open.row };
    if (next === undefined)
      return { kind: "unknown", allowed: [...node.below.keys()].filter((name) => name !== "*") };
    node = next;
  }
  // Where nothing is known below but that it all has one row, that is the row of the whole.
  const row = node.row ?? (node.below.size === 1 ? node.below.get("**")?.row : undefined);
  return row === undefined ? { kind: "inner" } : { kind: "row", row };
}

type Node = { row?: KeyRow; readonly below: Map<string, Node> };

const ROOT: Node = { below: new Map() };
for (const [path, row] of KEYS) {
  let node = ROOT;
  for (const step of path) {
    const next: Node = node.below.get(step) ?? { below: new Map() };
    node.below.set(step, next);
    node = next;
  }
  node.row = row;
}
