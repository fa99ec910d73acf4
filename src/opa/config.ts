import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { deepFreeze } from "../document/freeze.ts";
import type { Verification } from "../policy/bundle/signature/key.ts";
import type { Polling } from "../policy/source/http.ts";
import type { ServiceOptions } from "../services/index.ts";
import { BODY_BYTES_MAX, BODY_LIMITS, type BodyLimits } from "./api/body.ts";
import { serviceNames } from "./checks.ts";
import { envoyOf, type OpaEnvoy } from "./envoy.ts";
import type { OpaDocument } from "./schema.ts";
import { servicesOf } from "./services.ts";
import { isGiven, trimSlashes } from "./values.ts";

/** Where one bundle comes from. */
export type OpaBundle = {
  readonly name: string;
  readonly from:
    | { readonly kind: "file"; readonly path: string }
    | {
        readonly kind: "service";
        readonly service: string;
        readonly resource: string;
        readonly polling: Polling;
        readonly persist: boolean;
        readonly sizeLimitBytes?: number;
      };
  /** Absent: nothing is verified. */
  readonly verification?: Verification;
};

export type OpaDiscovery = OpaBundle & {
  /** Path of the rule or the data that is the configuration; empty: the whole document. */
  readonly decision: string;
};

export type OpaDecisionLogs = {
  /** Absent: not uploaded. */
  readonly service?: string;
  readonly resource: string;
  readonly console: boolean;
  readonly maskDecision: string;
  readonly dropDecision: string;
  readonly ndBuiltinCache: boolean;
  readonly requestHeaders: readonly string[];
  readonly reporting: {
    readonly minDelayMs: number;
    readonly maxDelayMs: number;
    readonly trigger: "periodic" | "immediate";
    readonly uploadSizeLimitBytes: number;
    /** Absent: the default of the decision log. */
    readonly buffer?:
      | { readonly type: "size"; readonly bytes: number }
      | { readonly type: "event"; readonly events: number };
    readonly maxDecisionsPerSecond?: number;
  };
};

export type OpaStatus = {
  readonly service?: string;
  readonly partitionName?: string;
  readonly console: boolean;
};

/** OPA's configuration as the rooms get it: times in milliseconds, paths of files absolute, secrets closed, frozen. */
export type OpaConfig = {
  readonly services: readonly ServiceOptions[];
  readonly labels: { readonly [label: string]: string };
  readonly bundles: readonly OpaBundle[];
  readonly discovery?: OpaDiscovery;
  readonly decisionLogs?: OpaDecisionLogs;
  readonly status?: OpaStatus;
  /** Without slashes around it. */
  readonly defaultDecision: string;
  readonly persistenceDirectory: string;
  readonly bodyLimits: BodyLimits;
  /** Absent: nothing is served to Envoy. */
  readonly envoy?: OpaEnvoy;
};

/** A checked document to the options of the rooms. @throws OpaValueError */
export function opaConfigFrom(document: OpaDocument, cwd: string): OpaConfig {
  const names = serviceNames(document.services);
  const only = names.length === 1 ? names[0] : undefined;
  const context: Context = { document, only, cwd };
  const { discovery, decision_logs, status, server } = document;
  return deepFreeze<OpaConfig>({
    services: servicesOf(document, cwd),
    labels: document.labels,
    bundles: bundlesOf(context),
    ...(discovery === undefined ? {} : { discovery: discoveryOf(discovery, context) }),
    ...(decision_logs === undefined ? {} : { decisionLogs: decisionLogsOf(decision_logs, context) }),
    ...(status === undefined ? {} : { status: statusOf(status, only) }),
    defaultDecision: trimSlashes(document.default_decision),
    persistenceDirectory: resolve(cwd, document.persistence_directory),
    bodyLimits: {
      bytes: Math.min(server?.decoding?.max_length ?? BODY_LIMITS.bytes, BODY_BYTES_MAX),
      gzipBytes: Math.min(server?.decoding?.gzip?.max_length ?? BODY_LIMITS.gzipBytes, BODY_BYTES_MAX),
    },
    ...envoyOf(document, cwd),
  });
}

type Context = {
  readonly document: OpaDocument;
  /** The one service where there is only one: what names none means it. */
  readonly only: string | undefined;
  readonly cwd: string;
};

type Download = NonNullable<OpaDocument["bundles"][string]>;

/** OPA's own, where nothing is said: a bundle is asked for every one to two minutes. */
const POLLING = { min: 60, max: 120 };
const REPORTING = { min: 300, max: 600, uploadBytes: 32_768, events: 10_000 };
/** What OPA raises and lowers the size of an upload to. */
const UPLOAD_BYTES = { min: 90, max: 4_294_967_296 };

function bundlesOf(context: Context): readonly OpaBundle[] {
  const { bundle, bundles } = context.document;
  const many = Object.entries(bundles).flatMap(([name, each]) =>
    each === null ? [] : [bundleOf(name, each, `bundles/${name}`, context)],
  );
  if (bundle === undefined) return many;
  const resource = trimSlashes(`${bundle.prefix ?? "bundles"}/${bundle.name}`);
  // The old form is neither verified nor kept over a restart, as in OPA.
  const { resource: _resource, signing: _signing, persist: _persist, ...old } = bundle;
  return [...many, bundleOf(bundle.name, old as Download, resource, context)];
}

function discoveryOf(discovery: NonNullable<OpaDocument["discovery"]>, context: Context): OpaDiscovery {
  const { name, prefix, decision } = discovery;
  const resource = `${trimSlashes(prefix ?? "bundles")}/${trimSlashes(name ?? "")}`;
  const bundle = bundleOf("discovery", discovery as Download, resource, context);
  return { ...bundle, decision: trimSlashes(decision ?? name ?? "") };
}

function bundleOf(name: string, download: Download, resource: string, context: Context): OpaBundle {
  const { polling, persist, size_limit_bytes: limit } = download;
  const where = isGiven(download.resource) ? download.resource : resource;
  const verification = verificationOf(download, context.document);
  const verified = verification === undefined ? {} : { verification };
  if (where.startsWith("file://"))
    return { name, from: { kind: "file", path: filePath(where, context.cwd) }, ...verified };
  const long = polling?.long_polling_timeout_seconds;
  return {
    name,
    from: {
      kind: "service",
      service: isGiven(download.service) ? download.service : (context.only ?? ""),
      resource: where,
      polling: {
        minDelayMs: (polling?.min_delay_seconds ?? POLLING.min) * 1000,
        maxDelayMs: (polling?.max_delay_seconds ?? POLLING.max) * 1000,
        ...(long === undefined ? {} : { longPollingTimeoutMs: long * 1000 }),
      },
      persist: persist ?? false,
      ...(limit === undefined || limit <= 0 ? {} : { sizeLimitBytes: limit }),
    },
    ...verified,
  };
}

/** `file:///a/b`, and `file://a/b`, which OPA takes for a path too. */
function filePath(url: string, cwd: string): string {
  const isUrl = url.startsWith("file:///");
  return isUrl ? fileURLToPath(url) : resolve(cwd, url.slice("file://".length));
}

/** With keys and no word about signing a bundle may be unsigned, and is verified where it is signed, as in OPA. */
function verificationOf({ signing }: Download, { keys }: OpaDocument): Verification | undefined {
  const usable = Object.entries(keys).filter(([, { key }]) => isGiven(key));
  if (signing === undefined && usable.length === 0) return undefined;
  return {
    ...(signing === undefined ? { optional: true as const } : {}),
    keys: new Map(
      usable.map(([id, { key = "", algorithm, scope }]) => [
        id,
        { algorithm, key, ...(isGiven(scope) ? { scope } : {}) },
      ]),
    ),
    ...(isGiven(signing?.keyid) ? { keyId: signing.keyid } : {}),
    ...(isGiven(signing?.scope) ? { scope: signing.scope } : {}),
    ...(signing?.exclude_files === undefined ? {} : { excludeFiles: signing.exclude_files }),
  };
}

function decisionLogsOf(
  logs: NonNullable<OpaDocument["decision_logs"]>,
  { document, only }: Context,
): OpaDecisionLogs {
  const { reporting, console: toConsole = false, partition_name: partition } = logs;
  // As in OPA: without a word about it the log goes to the only service, unless it goes to the console.
  const service = isGiven(logs.service) ? logs.service : toConsole ? undefined : only;
  const upload = reporting?.upload_size_limit_bytes ?? REPORTING.uploadBytes;
  const rate = reporting?.max_decisions_per_second;
  return {
    ...(service === undefined ? {} : { service }),
    resource: isGiven(partition) ? `/logs/${partition}` : (logs.resource ?? "/logs"),
    console: toConsole,
    maskDecision: trimSlashes(logs.mask_decision ?? "system/log/mask"),
    dropDecision: trimSlashes(logs.drop_decision ?? "system/log/drop"),
    ndBuiltinCache: (logs.nd_builtin_cache ?? false) || document.nd_builtin_cache,
    requestHeaders: logs.request_context?.http?.headers ?? [],
    reporting: {
      minDelayMs: (reporting?.min_delay_seconds ?? REPORTING.min) * 1000,
      maxDelayMs: (reporting?.max_delay_seconds ?? REPORTING.max) * 1000,
      trigger: reporting?.trigger ?? "periodic",
      uploadSizeLimitBytes: Math.min(Math.max(upload, UPLOAD_BYTES.min), UPLOAD_BYTES.max),
      ...bufferOf(reporting ?? {}),
      ...(rate === undefined ? {} : { maxDecisionsPerSecond: rate }),
    },
  };
}

type Reporting = NonNullable<NonNullable<OpaDocument["decision_logs"]>["reporting"]>;

function bufferOf({
  buffer_type: type = "size",
  buffer_size_limit_bytes: bytes,
  buffer_size_limit_events: events = REPORTING.events,
}: Partial<Reporting>): Pick<OpaDecisionLogs["reporting"], "buffer"> {
  if (type === "event") return { buffer: { type, events } };
  return bytes === undefined ? {} : { buffer: { type, bytes } };
}

function statusOf(status: NonNullable<OpaDocument["status"]>, only: string | undefined): OpaStatus {
  const { console: toConsole = false, partition_name: partitionName, prometheus } = status;
  const service = isGiven(status.service)
    ? status.service
    : toConsole || prometheus === true
      ? undefined
      : only;
  return {
    ...(service === undefined ? {} : { service }),
    ...(isGiven(partitionName) ? { partitionName } : {}),
    console: toConsole,
  };
}
