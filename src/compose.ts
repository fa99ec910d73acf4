import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { type AuditLog, openAuditLog } from "./audit/log.ts";
import { fileBundle, verificationOption } from "./bundles.ts";
import { regentVersion } from "./cli/version.ts";
import type { Config, Route } from "./config/config.ts";
import { ConfigError } from "./config/load.ts";
import type { BundleConfig } from "./config/sections/bundles.ts";
import { createDecisionLog, type DecisionLog } from "./decision-log/decision-log.ts";
import { opaStatusOf } from "./decision-log/opa-status.ts";
import type { Parsed } from "./document/document.ts";
import type { RequestHead } from "./exchange/exchange.ts";
import { type ApiKeyFile, createIdentifier, parseApiKeys } from "./identity/index.ts";
import { createMeter, estimate, tokensOf } from "./metering/index.ts";
import { createGovernor } from "./pipeline/governance.ts";
import type { Governor } from "./pipeline/governor.ts";
import { parseDecision } from "./policy/decision.ts";
import { type BundleOptions, createPolicyEngine, type ManagedPolicyEngine } from "./policy/engine.ts";
import { serviceBundleSource } from "./policy/source/service-bundle.ts";
import { watchFile } from "./policy/source/watch.ts";
import {
  createRegistry,
  type FollowedSecrets,
  followSecrets,
  parseRegistry,
  type Registry,
} from "./registry/index.ts";
import { candidatesOf, choose } from "./routing/index.ts";
import { awsHeaders } from "./services/aws.ts";
import { backoffMs, createServices, type Services } from "./services/index.ts";
import { createStatusReporter, metricFamilies, type StatusReporter, statusDocument } from "./status/index.ts";
import type { ProcessLog } from "./telemetry/index.ts";
import { createTelemetry, type Telemetry } from "./telemetry/index.ts";
import { openDestination } from "./telemetry/process-log.ts";
import { translatorOf } from "./translation/index.ts";

/** The rooms of one process, built once and joined here. */
export type Composition = {
  readonly governor: Governor;
  readonly policy: ManagedPolicyEngine;
  readonly audit: AuditLog;
  readonly telemetry: Telemetry;
  /** Undefined: decisions are not logged. */
  readonly decisionLog: DecisionLog | undefined;
  /** How many models and API keys are known. */
  readonly models: number;
  readonly keys: number;
  /** The keys of targets that stand in files. */
  readonly targetKeys: Pick<FollowedSecrets, "status">;
  /** Ends what the rooms keep open: the last records reach the disk. */
  close(): Promise<void>;
};

/**
 * Builds every room from its part of the configuration and joins them.
 *
 * @throws ConfigError when a file that the configuration names has faults
 * @throws BundleError when the policies cannot be loaded: without them nothing could be let through
 */
export async function compose(config: Config, log: ProcessLog): Promise<Composition> {
  const keys = readDocument<ApiKeyFile | undefined>(config.identity.apiKeysFile, parseApiKeys, undefined);
  const registry = readDocument<Registry>(config.registryFile, parseRegistry, createRegistry([], new Map()));
  const identity = createIdentifier({ apiKeys: keys, spiffe: config.identity.spiffe });
  const services = createServices(config.services, log);
  const labels = { ...config.labels, id: randomUUID(), version: regentVersion() };
  const policy = await createPolicyEngine({
    bundles: config.bundles.map((bundle) => bundleFrom(bundle, config, services, log)),
    decisions: [config.governance.request, config.governance.response],
    cache: config.cache,
    ...(config.rollout === undefined ? {} : { rollout: config.rollout }),
    entrypoints: config.extAuthz.entrypoint === undefined ? [] : [config.extAuthz.entrypoint],
    optionalEntrypoints: logRules(config),
    log,
  });
  const audit = await openAuditLog({
    ...config.audit,
    onTrouble: (facts, message) => log.error(facts, message),
  });
  const decisions = await openDecisionLog(config, labels, services, log);
  const decisionLog = decisions?.decisionLog;
  const targetKeys = followSecrets(registry.secretFiles(), { watch: watchFile, log, nowMs: Date.now });
  const telemetry = await createTelemetry({
    labels: config.telemetry.labels,
    policy,
    audit,
    targetKeys,
    ...(decisionLog && { decisionLog }),
    log,
  });
  const governor = createGovernor(
    {
      identity,
      registry,
      policy: { for: (subject) => policy.for(subject), parseDecision },
      routing: { candidates: candidatesOf, choose },
      translation: { translatorOf },
      sign: ({ region, service, ...keys }, request) =>
        awsHeaders({ keys: { from: "explicit", ...keys }, region, service }, request),
      metering: { estimate, tokensOf, ...createMeter({ nowMs: Date.now }) },
      audit,
      telemetry,
      decisionLog,
      clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
      log,
    },
    {
      requestEntrypoint: config.governance.request,
      responseEntrypoint: config.governance.response,
      maxBodyBytes: (request) => routeOf(config.routes, request).maxBodyBytes,
      passesAnswers: (request) => routeOf(config.routes, request).answers === "streamed",
      strictTranslation: config.translation.strict,
    },
  );
  telemetry.watchStreams(() => governor.open());
  const status = openStatus(config, { labels, services, policy, decisionLog, telemetry, log });
  return {
    governor,
    policy,
    audit,
    telemetry,
    models: registry.models().length,
    keys: keys?.keys.length ?? 0,
    decisionLog,
    targetKeys,
    async close() {
      await targetKeys.close();
      // It asks the policies what of a decision is masked.
      await decisions?.close();
      await policy.close();
      await status?.close();
      await services.close();
      await telemetry.close();
      await audit.close();
    },
  };
}

/** The rules that say what of a decision is logged. */
function logRules({ decisionLogs }: Config): readonly string[] {
  return decisionLogs === undefined ? [] : [decisionLogs.maskDecision, decisionLogs.dropDecision];
}

type Labels = { readonly [name: string]: string };

type OpenDecisionLog = { readonly decisionLog: DecisionLog; close(): Promise<void> };

/** The log of decisions, and the end of it. */
async function openDecisionLog(
  config: Config,
  labels: Labels,
  services: Services,
  log: ProcessLog,
): Promise<OpenDecisionLog | undefined> {
  const { decisionLogs } = config;
  if (decisionLogs === undefined) return undefined;
  const { upload, folder } = decisionLogs;
  const terminal = decisionLogs.console ? openDestination(2) : undefined;
  const decisionLog = await createDecisionLog({
    ...decisionLogs,
    labels,
    console: terminal && ((line) => terminal.write(line)),
    folder,
    upload: upload && { ...upload, service: services.get(upload.service), backoffMs },
    log,
  });
  return { decisionLog, close: () => decisionLog.close() };
}

type Told = {
  readonly labels: Labels;
  readonly services: Services;
  readonly policy: ManagedPolicyEngine;
  readonly decisionLog: DecisionLog | undefined;
  readonly telemetry: Telemetry;
  readonly log: ProcessLog;
};

/** Tells a service what is active here, for as long as the process runs. */
function openStatus({ status }: Config, told: Told): StatusReporter | undefined {
  if (status === undefined) return undefined;
  const { labels, services, policy, decisionLog, telemetry, log } = told;
  const { service, partition, console, prometheus, intervalMs } = status;
  const reporter = createStatusReporter({
    document: async () =>
      statusDocument({
        labels,
        bundles: policy.opaStatus(),
        ready: policy.ready,
        ...(decisionLog && { decisionLogs: opaStatusOf(decisionLog.status()) }),
        ...(prometheus ? { metrics: metricFamilies(await telemetry.metricValues()) } : {}),
      }),
    ...(service === undefined ? {} : { service: services.get(service) }),
    ...(partition === undefined ? {} : { partition }),
    console,
    intervalMs,
    log,
  });
  policy.onStatus(() => reporter.changed());
  return reporter;
}

function bundleFrom(
  bundle: BundleConfig,
  config: Config,
  services: Services,
  log: ProcessLog,
): BundleOptions {
  if ("path" in bundle) return fileBundle(bundle);
  const { verification, ...wanted } = bundle;
  const source = serviceBundleSource(wanted, { services, persistenceDir: config.persistenceDir, log });
  return { name: bundle.name, source, ...verificationOption(verification) };
}

function readDocument<T>(
  file: string | undefined,
  parse: (text: string, fileName: string) => Parsed<T>,
  otherwise: T,
): T {
  if (file === undefined) return otherwise;
  const parsed = parse(readFileSync(file, "utf8"), file);
  if (!parsed.ok) throw new ConfigError(parsed.faults);
  return parsed.value;
}

/** The first route that matches. The last of a configuration matches everything, so there always is one. */
export function routeOf(routes: readonly Route[], request: RequestHead): Route {
  const route = routes.find(({ match }) => matches(match, request));
  if (route === undefined) throw new TypeError("the routes of a configuration end with one for everything");
  return route;
}

function matches({ path, host, method }: Route["match"], request: RequestHead): boolean {
  return (
    (method === undefined || method === request.method) &&
    (host === undefined || matchesHost(host, request.host)) &&
    (path.endsWith("*") ? request.pathname.startsWith(path.slice(0, -1)) : request.pathname === path)
  );
}

function matchesHost(pattern: string, authority: string): boolean {
  const host = authority.replace(/:\d+$/, "").toLowerCase();
  return pattern.startsWith("*.") ? host.endsWith(pattern.slice(1)) : host === pattern;
}
