import { readFileSync } from "node:fs";
import { type AuditLog, openAuditLog } from "./audit/log.ts";
import type { Config, Route } from "./config/config.ts";
import { ConfigError } from "./config/load.ts";
import type { BundleConfig, FileBundleConfig } from "./config/sections/bundles.ts";
import type { Parsed } from "./document/document.ts";
import type { RequestHead } from "./exchange/exchange.ts";
import { type ApiKeyFile, createIdentifier, parseApiKeys } from "./identity/index.ts";
import { createMeter, estimate, tokensOf } from "./metering/index.ts";
import { createGovernor } from "./pipeline/governance.ts";
import type { Governor } from "./pipeline/governor.ts";
import { BundleError } from "./policy/bundle/error.ts";
import { parseDecision } from "./policy/decision.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "./policy/engine.ts";
import { createRegistry, parseRegistry, type Registry } from "./registry/index.ts";
import { candidatesOf, choose } from "./routing/index.ts";
import type { ProcessLog } from "./telemetry/index.ts";
import { createTelemetry, type Telemetry } from "./telemetry/index.ts";

/** The rooms of one process, built once and joined here. */
export type Composition = {
  readonly governor: Governor;
  readonly policy: ManagedPolicyEngine;
  readonly audit: AuditLog;
  readonly telemetry: Telemetry;
  /** How many models and API keys are known. */
  readonly models: number;
  readonly keys: number;
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
  const policy = await createPolicyEngine({
    bundles: config.bundles.map(localBundle),
    decisions: [config.governance.request, config.governance.response],
    entrypoints: config.extAuthz.entrypoint === undefined ? [] : [config.extAuthz.entrypoint],
    log,
  });
  const audit = await openAuditLog({
    ...config.audit,
    onTrouble: (facts, message) => log.error(facts, message),
  });
  const telemetry = await createTelemetry({ labels: config.telemetry.labels, policy, audit, log });
  const governor = createGovernor(
    {
      identity,
      registry,
      policy: { for: (subject) => policy.for(subject), parseDecision },
      routing: { candidates: candidatesOf, choose },
      metering: { estimate, tokensOf, ...createMeter({ nowMs: Date.now }) },
      audit,
      telemetry,
      clock: { nowMs: Date.now, monotonicMs: () => performance.now() },
      log,
    },
    {
      requestEntrypoint: config.governance.request,
      responseEntrypoint: config.governance.response,
      maxBodyBytes: (request) => routeOf(config.routes, request).maxBodyBytes,
    },
  );
  telemetry.watchStreams(() => governor.open());
  return {
    governor,
    policy,
    audit,
    telemetry,
    models: registry.models().length,
    keys: keys?.keys.length ?? 0,
    async close() {
      await policy.close();
      await telemetry.close();
      await audit.close();
    },
  };
}

/** Bundles of services need an engine that starts without them. */
function localBundle(bundle: BundleConfig): FileBundleConfig {
  if ("path" in bundle) return bundle;
  throw new BundleError(
    `the policy bundle ${bundle.name} comes from a service, which is not implemented yet`,
  );
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
