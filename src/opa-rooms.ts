import { createDecisionLog, type DecisionLog } from "./decision-log/decision-log.ts";
import { opaStatusOf } from "./decision-log/opa-status.ts";
import { loadDescriptors } from "./envoy/check/grpc/descriptors.ts";
import { type CheckHandlers, createCheckHandlers } from "./envoy/check/handler.ts";
import type { JsonObject } from "./exchange/json.ts";
import { valueAt } from "./opa/api/documents.ts";
import type { ApiDecision, ApiPolicies, PluginState } from "./opa/api/rooms.ts";
import type { OpaBundle, OpaConfig } from "./opa/config.ts";
import type { OpaEnvoy } from "./opa/envoy.ts";
import type { OpaMetrics } from "./opa/metrics.ts";
import { type BundleOptions, createPolicyEngine, type ManagedPolicyEngine } from "./policy/engine.ts";
import { planQuery } from "./policy/opa/query.ts";
import { createFileSource } from "./policy/source/file.ts";
import { serviceBundleSource } from "./policy/source/service-bundle.ts";
import type { BundleSource } from "./policy/source/source.ts";
import { backoffMs, createServices, type Services } from "./services/index.ts";
import { createStatusReporter, type StatusReporter, statusDocument } from "./status/index.ts";
import type { ProcessLog } from "./telemetry/index.ts";
import { openDestination } from "./telemetry/process-log.ts";

/** What one configuration of OPA asks for, running. Another configuration has rooms of its own. */
export type OpaRooms = {
  readonly policy: ManagedPolicyEngine;
  /** Answers ext_authz; undefined where the plugin is not configured. */
  readonly checks: CheckHandlers | undefined;
  policies(): ApiPolicies;
  /** Undefined where decisions are not logged. */
  readonly log: ((decision: ApiDecision) => void) | undefined;
  plugins(): { readonly [name: string]: PluginState };
  notActivated(): readonly string[];
  /** Undefined where `status` is not configured. */
  status(): JsonObject | undefined;
  /** Sends the decisions so far to their receiver. */
  flush(): Promise<void>;
  close(): Promise<void>;
};

export type OpaRoomsOptions = {
  readonly config: OpaConfig;
  /** With `id` and `version`. */
  readonly labels: { readonly [label: string]: string };
  /** Bundles that the command line names. */
  readonly named: readonly BundleOptions[];
  readonly metrics: OpaMetrics;
  /** What became of the discovery bundle, as OPA's status API writes it. */
  readonly discovery?: (() => JsonObject) | undefined;
  readonly log: ProcessLog;
};

/** Name of the bundle that is made of the files of the command line: OPA has no name for it, and logs show none. */
export const COMMAND_LINE_BUNDLE = "command line";
/** Name of the bundle that holds the rule that a query became. */
const QUERY_BUNDLE = "plugins.query";
/** Between two reports of the status when nothing changes. OPA reports with each download, once a minute or two. */
const STATUS_INTERVAL_MS = 60_000;

/**
 * Starts everything that a configuration asks for, but for addresses.
 * @throws BundleError, ServiceError, OpaError, or an Error that names the file at fault
 */
export async function openOpaRooms(options: OpaRoomsOptions): Promise<OpaRooms> {
  const { config, log } = options;
  const services = createServices(config.services, log);
  const opened: (() => Promise<void>)[] = [() => services.close()];
  try {
    const decision = await decisionOf(config.envoy);
    const policy = await openPolicy(options, services, decision);
    opened.push(() => policy.close());
    const decisionLog = await openDecisionLog(options, services);
    // It asks the policies what of a decision is masked, so it ends before them.
    if (decisionLog !== undefined) opened.push(() => decisionLog.close());
    const rooms = joined(options, policy, decision.path, decisionLog);
    const reporter = openStatus(options, services, rooms);
    if (reporter !== undefined) {
      const end = policy.onStatus(() => reporter.changed());
      opened.push(async () => {
        end();
        await reporter.close();
      });
    }
    return { ...rooms, flush: async () => decisionLog?.upload(), close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

async function closeAll(opened: (() => Promise<void>)[]): Promise<void> {
  for (const close of opened.reverse()) await close();
}

type Decision = { readonly path: string; readonly module?: string };

/** The rule that decides, and the module that has to be compiled for it where it stands in for a query. */
async function decisionOf(envoy: OpaEnvoy | undefined): Promise<Decision> {
  if (envoy === undefined) return { path: "" };
  return "query" in envoy.decision ? planQuery(envoy.decision.query) : envoy.decision;
}

/** A path that is the name of a rule: an entrypoint that there must be. In others a part of the result is meant. */
const RULE_PATH = /^\/*[A-Za-z_]\w*(?:\/+[A-Za-z_]\w*)*\/*$/;

async function openPolicy(
  { config, named, labels, log }: OpaRoomsOptions,
  services: Services,
  decision: Decision,
): Promise<ManagedPolicyEngine> {
  const context = { services, persistenceDir: config.persistenceDirectory, log };
  const bundles: BundleOptions[] = config.bundles.map((bundle) => ({
    name: bundle.name,
    source: sourceOf(bundle, context),
    ...(bundle.verification === undefined ? {} : { verification: bundle.verification }),
  }));
  bundles.push(...named);
  if (decision.module !== undefined)
    bundles.push({ name: QUERY_BUNDLE, source: moduleSource(decision.module) });
  const { decisionLogs } = config;
  const rule = decision.path
    .split("/")
    .filter((part) => part !== "")
    .join("/");
  const optional = [
    config.defaultDecision,
    ...(decisionLogs === undefined ? [] : [decisionLogs.maskDecision, decisionLogs.dropDecision]),
  ];
  return createPolicyEngine({
    bundles,
    entrypoints: RULE_PATH.test(decision.path) ? [rule] : [],
    optionalEntrypoints: optional,
    everything: "rules",
    runtime: runtimeOf(labels),
    log,
  });
}

/** As OPA's `opa.runtime()`, but for the environment, which holds secrets. */
export function runtimeOf(labels: { readonly [label: string]: string }): JsonObject {
  return { config: { labels }, env: {}, version: labels.version ?? "" };
}

type SourceContext = {
  readonly services: Services;
  readonly persistenceDir: string;
  readonly log: ProcessLog;
};

/** Where a bundle of the configuration comes from. */
export function sourceOf({ name, from }: OpaBundle, context: SourceContext): BundleSource {
  if (from.kind === "file") return createFileSource({ path: from.path });
  const { kind: _kind, resource, ...rest } = from;
  return serviceBundleSource(
    { name, ...rest, resource: resource.replace(/^\/+/, ""), trigger: "periodic" },
    context,
  );
}

/** A module of Rego as a bundle that never changes. */
function moduleSource(module: string): BundleSource {
  const files = new Map([
    ["query.rego", Buffer.from(module)],
    [".manifest", Buffer.from(JSON.stringify({ revision: "", roots: ["regent/query"] }))],
  ]);
  return {
    location: "the option query",
    start: async (sink) => {
      await sink.offer({ files, digest: "query", bytes: module.length });
    },
    reload: async () => undefined,
    close: async () => undefined,
  };
}

async function openDecisionLog(
  { config, labels, log }: OpaRoomsOptions,
  services: Services,
): Promise<DecisionLog | undefined> {
  const { decisionLogs } = config;
  if (decisionLogs === undefined) return undefined;
  const { service, resource, reporting, console: toConsole, ...rest } = decisionLogs;
  const terminal = toConsole ? openDestination(2) : undefined;
  return createDecisionLog({
    ...rest,
    labels,
    log,
    ...(terminal === undefined ? {} : { console: (line: string) => void terminal.write(line) }),
    ...(service === undefined
      ? {}
      : {
          upload: {
            service: services.get(service),
            resource,
            trigger: reporting.trigger,
            minDelayMs: reporting.minDelayMs,
            maxDelayMs: reporting.maxDelayMs,
            uploadBytesMax: reporting.uploadSizeLimitBytes,
            decisionsPerSecondMax: reporting.maxDecisionsPerSecond,
            ...(reporting.buffer === undefined ? {} : { buffer: reporting.buffer }),
            backoffMs,
          },
        }),
  });
}

type Joined = Omit<OpaRooms, "close" | "flush">;

function joined(
  { config, labels, metrics, discovery }: OpaRoomsOptions,
  policy: ManagedPolicyEngine,
  path: string,
  decisionLog: DecisionLog | undefined,
): Joined {
  const { envoy } = config;
  const state = (ok: boolean): PluginState => (ok ? "OK" : "NOT_READY");
  const bundled = config.bundles.length > 0;
  const named = new Set(config.bundles.map(({ name }) => name));
  const notActivated = () =>
    policy.status().flatMap(({ name, digest }) => (digest === "" && named.has(name) ? [name] : []));
  return {
    policy,
    checks: envoy && checksOf(envoy, path, policy, metrics, decisionLog),
    policies: () => apiPolicies(policy),
    log: decisionLog && ((decision) => decisionLog.log(eventOf(decision))),
    plugins: () => ({
      ...(bundled ? { bundle: state(notActivated().length === 0 && policy.ready) } : {}),
      ...(decisionLog === undefined ? {} : { decision_logs: "OK" }),
      ...(config.status === undefined ? {} : { status: "OK" }),
    }),
    notActivated,
    status: () => {
      if (config.status === undefined) return undefined;
      const bundles = policy.opaStatus();
      return statusDocument({
        labels,
        bundles: Object.fromEntries(Object.entries(bundles).filter(([name]) => named.has(name))),
        ready: policy.ready,
        ...(discovery === undefined ? {} : { discovery: discovery() }),
        ...(decisionLog && { decisionLogs: opaStatusOf(decisionLog.status()) }),
      });
    },
  };
}

function checksOf(
  envoy: OpaEnvoy,
  entrypoint: string,
  policy: ManagedPolicyEngine,
  metrics: OpaMetrics,
  decisionLog: DecisionLog | undefined,
): CheckHandlers {
  const { protoDescriptor, skipRequestBodyParse, dryRun } = envoy;
  return createCheckHandlers(
    {
      entrypoint,
      // There is none: the decision of the configuration is all that is asked.
      governanceEntrypoint: "",
      dryRun,
      skipRequestBodyParse,
      ...(protoDescriptor === undefined ? {} : { grpc: loadDescriptors(protoDescriptor) }),
    },
    {
      policies: (subject) => visible(policy.for(subject)),
      ...(decisionLog === undefined ? {} : { onDecision: (event) => decisionLog.log(event) }),
      ...(envoy.performanceMetrics ? { performance: metrics.performance(envoy.durationBuckets) } : {}),
    },
  );
}

/** The policies with the bundles that OPA would name in its logs: those of the command line have no name there. */
function visible<T extends { readonly bundles: { readonly [name: string]: { readonly revision: string } } }>(
  policies: T,
): T {
  const { [COMMAND_LINE_BUNDLE]: files, [QUERY_BUNDLE]: query, ...bundles } = policies.bundles;
  if (files === undefined && query === undefined) return policies;
  return { ...policies, bundles, ...(Object.keys(bundles).length === 0 ? { revision: "" } : {}) };
}

function apiPolicies(policy: ManagedPolicyEngine): ApiPolicies {
  const policies = visible(policy.for(""));
  const document = policy.document();
  return {
    ...policies,
    entrypoints: document?.entrypoints ?? [],
    complete: document?.complete ?? true,
    data: (path) => valueAt(document?.data(), path),
  };
}

function eventOf({ path, ...decision }: ApiDecision) {
  return { ...decision, entrypoint: path };
}

function openStatus(
  { config, log }: OpaRoomsOptions,
  services: Services,
  rooms: Joined,
): StatusReporter | undefined {
  const { status } = config;
  if (status === undefined) return undefined;
  const { service, partitionName, console: toConsole } = status;
  return createStatusReporter({
    document: () => rooms.status() ?? {},
    ...(service === undefined ? {} : { service: services.get(service) }),
    ...(partitionName === undefined ? {} : { partition: partitionName }),
    console: toConsole,
    intervalMs: STATUS_INTERVAL_MS,
    log,
  });
}
