import { isJsonObject, type JsonObject, type JsonValue } from "./exchange/json.ts";
import { decide } from "./opa/api/decide.ts";
import { parseDataPath, valueAt } from "./opa/api/documents.ts";
import { ApiError } from "./opa/api/reply.ts";
import type { OpaDiscovery } from "./opa/config.ts";
import { type Environment, substituteEnvironment } from "./opa/environment.ts";
import { type Loaded, parseOpaConfig } from "./opa/load.ts";
import { runtimeOf } from "./opa-rooms.ts";
import { buildSet } from "./policy/activation/set.ts";
import { opaStatusOf } from "./policy/activation/status.ts";
import { HOST_BUILTINS } from "./policy/builtins/host.ts";
import { readContent } from "./policy/bundle/content.ts";
import { BundleError } from "./policy/bundle/error.ts";
import { verifySignature } from "./policy/bundle/signature/verify.ts";
import { systemClock } from "./policy/clock.ts";
import { printToLog } from "./policy/log.ts";
import type { BundleFiles, BundleSink, BundleSource } from "./policy/source/source.ts";
import type { ProcessLog } from "./telemetry/index.ts";

/** The discovery bundle: it is asked for again and again, and what it says is the configuration. */
export type Discovery = {
  /** What it said is in force. */
  readonly ready: boolean;
  /** As OPA's status API writes it. */
  status(): JsonObject;
  close(): Promise<void>;
};

export type DiscoveryOptions = {
  readonly discovery: OpaDiscovery;
  readonly source: BundleSource;
  /** The configuration that the process began with, as written: it goes before what is discovered. */
  readonly boot: unknown;
  readonly environment: Environment;
  /** A discovery policy may choose by them. */
  readonly labels: { readonly [label: string]: string };
  /** Puts a configuration into force. What it throws keeps the one before. */
  readonly apply: (loaded: Loaded) => Promise<void>;
  readonly log: ProcessLog;
};

/**
 * Follows the discovery bundle. Resolves after its first look, whatever came of it.
 * @see https://www.openpolicyagent.org/docs/management-discovery
 */
export async function startDiscovery(options: DiscoveryOptions): Promise<Discovery> {
  const { discovery, source, log } = options;
  let record: Parameters<typeof opaStatusOf>[1] = { failures: 0 };
  let active: string | undefined;
  const failed = (error: BundleError) => {
    const now = Date.now();
    record = { ...record, lastRequestMs: now, error: { error, atMs: now }, failures: record.failures + 1 };
    log.error({ err: error }, `the discovery bundle is not in force: ${error.message}`);
  };
  const settled = () => {
    const now = Date.now();
    const { error: _error, ...rest } = record;
    record = { ...rest, lastRequestMs: now, lastSuccessfulRequestMs: now };
  };
  const sink: BundleSink = {
    unchanged: settled,
    failed,
    async offer(version) {
      const startedAt = process.hrtime.bigint();
      try {
        const loaded = await discovered(version, options);
        for (const warning of loaded.warnings)
          log.warn({ path: warning.path }, `${warning.path}: ${warning.message}`);
        await options.apply(loaded);
        settled();
        const { revision } = readContent(version);
        const nanos = Number(process.hrtime.bigint() - startedAt);
        const atMs = Date.now();
        const { digest, bytes } = version;
        record = {
          ...record,
          lastSuccessfulDownloadMs: atMs,
          active: { revision, digest, bytes, atMs, nanos },
        };
        active = revision;
        log.info({ revision }, "the configuration of the discovery bundle is in force");
        return { accepted: true };
      } catch (cause) {
        const message = `the discovery bundle (${source.location}) cannot be used: ${(cause as Error).message}`;
        const error = new BundleError(message, { cause });
        failed(error);
        return { accepted: false, error };
      }
    },
  };
  await source.start(sink);
  return {
    get ready() {
      return active !== undefined;
    },
    status: () => opaStatusOf(discovery.name, record),
    close: () => source.close(),
  };
}

/** The configuration that a version of the bundle gives. @throws BundleError, OpaConfigError, ApiError */
async function discovered(
  version: BundleFiles,
  { discovery, boot, environment, labels, log }: DiscoveryOptions,
): Promise<Loaded> {
  await verifySignature(version.files, discovery.verification, Date.now());
  const value = await evaluated(version, discovery.decision, labels, log);
  if (value === undefined)
    throw new BundleError(`data.${discovery.decision.replaceAll("/", ".")} is undefined`);
  const text = substituteEnvironment(JSON.stringify(value), environment);
  const config = JSON.parse(text) as JsonValue;
  if (!isJsonObject(config)) throw new BundleError("the configuration is no object");
  // Which bundle says how to go on is settled at the start: a mistake in it could not be mended from afar.
  const { discovery: _itself, ...found } = config;
  const merged = withBoot(found, isJsonObject(boot) ? boot : {});
  return parseOpaConfig(JSON.stringify(merged), "the discovered configuration");
}

/** What the bundle's data or policy says at a path. */
async function evaluated(
  version: BundleFiles,
  decision: string,
  labels: DiscoveryOptions["labels"],
  log: ProcessLog,
): Promise<JsonValue | undefined> {
  const content = readContent(version);
  const path = parseDataPath(decision);
  if (content.rego.length === 0 && content.wasm.length === 0)
    return valueAt(JSON.parse(content.data.toString("utf8")) as JsonValue, path);
  const { set } = await buildSet(new Map([["discovery", content]]), {
    decisions: [],
    entrypoints: [],
    optionalEntrypoints: [decision],
    everything: "packages",
    printOf: (bundle) => printToLog(log, bundle),
    revision: { builtins: HOST_BUILTINS, clock: systemClock, runtime: runtimeOf(labels) },
  });
  const { entrypoints, complete, data } = set.document;
  const askable = { ...set.policies, entrypoints, complete, data: (at: typeof path) => valueAt(data(), at) };
  try {
    return (await decide(askable, path, undefined)).result;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const [detail] = error.details;
    throw new BundleError(`${error.message}${detail === undefined ? "" : `: ${detail.message}`}`, {
      cause: error,
    });
  }
}

/** What the process began with goes before what is discovered; maps are merged, as in OPA. */
export function withBoot(found: JsonObject, boot: JsonObject): JsonObject {
  const merged: { [key: string]: JsonValue } = { ...found };
  for (const [key, value] of Object.entries(boot)) {
    const below = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isJsonObject(below) && isJsonObject(value) ? withBoot(below, value) : value;
  }
  return merged;
}
