import { startAdmin, startProbes } from "./admin/index.ts";
import { type Composition, compose } from "./compose.ts";
import type { Config } from "./config/config.ts";
import { packageFile } from "./document/package-root.ts";
import { loadDescriptors } from "./envoy/check/grpc/descriptors.ts";
import { createCheckHandlers } from "./envoy/check/handler.ts";
import { type GrpcServer, startGrpcServer } from "./envoy/server/server.ts";
import { createProcessHandlers } from "./envoy/upstream/upstream.ts";
import type { JsonObject } from "./exchange/json.ts";
import type { ManagedPolicyEngine } from "./policy/engine.ts";
import { rolloutChanges } from "./policy/life/control.ts";
import type { ProcessLog } from "./telemetry/index.ts";

/** A running sidecar. */
export type Sidecar = {
  /** Where it listens, for the log: the ports are those that the system chose. */
  readonly listening: { readonly grpc: string; readonly admin: string; readonly probes: string };
  /** What is switched on, for whoever reads the log. */
  readonly summary: JsonObject;
  /** Not ready from now on; what is in flight ends within the grace; the last records reach the disk. */
  stop(): Promise<void>;
  /** Resolves when the records so far are on the disk. */
  flush(): Promise<void>;
};

/**
 * How much larger a gRPC message may be than the largest body of a route: the head of the exchange is in it too, and a
 * body that Envoy buffered is never refused here, where the refusal would have no words.
 */
const MESSAGE_BYTES_BEYOND_BODY = 1024 * 1024;

/** Envoy's connection buffers, which hold the answers that are read: see `regent envoy generate`. */
const ANSWER_BYTES_MAX = 50 * 1024 * 1024;

/**
 * Starts everything that a configuration asks for. Ready only when all of it is.
 *
 * @throws Error that says what is missing, wrong or taken
 */
export async function startSidecar(config: Config, log: ProcessLog): Promise<Sidecar> {
  const rooms = await compose(config, log);
  const opened: (() => Promise<void>)[] = [() => rooms.close()];
  try {
    return await open(config, log, rooms, opened);
  } catch (error) {
    for (const close of opened.reverse()) await close();
    throw error;
  }
}

async function open(
  config: Config,
  log: ProcessLog,
  rooms: Composition,
  opened: (() => Promise<void>)[],
): Promise<Sidecar> {
  let draining = false;
  if (config.extAuthz.dryRun) {
    const { entrypoint } = config.extAuthz;
    log.warn(
      { entrypoint, dryRun: true },
      "DRY RUN: requests that ext_authz's policy denies pass all the same",
    );
  }
  const grpc = await startGrpc(config, log, rooms);
  opened.push(() => grpc.close(0));
  const probes = await startProbes({
    listen: config.probes.listen,
    checks: [
      {
        name: "policy",
        fault: () => (rooms.policy.ready ? undefined : "no bundle is active"),
        // The last good one decides: that is worth knowing, and no reason to be taken out of service.
        detail: () => refusedBundles(rooms.policy),
      },
      { name: "audit", fault: () => rooms.audit.fault() },
      // The last good ones are in use, and other targets have nothing to do with it.
      { name: "keys", fault: () => undefined, detail: () => unreadKeys(rooms.targetKeys) },
      { name: "draining", fault: () => (draining ? "the sidecar is stopping" : undefined) },
    ],
    metrics: () => rooms.telemetry.metrics(),
    log,
  });
  opened.push(() => probes.close());
  const listening = {
    grpc: grpc.address.kind === "unix" ? `unix://${grpc.address.path}` : authority(grpc.address),
    probes: authority(probes.address),
  };
  const admin = await startAdmin({
    ...config.admin,
    log,
    status: () => ({
      listening,
      revision: rooms.policy.revision,
      dryRun: config.extAuthz.dryRun,
      bundles: rooms.policy.status().map((status) => ({ ...status })),
      bundle_status: rooms.policy.opaStatus(),
    }),
    ...policyControl(rooms.policy),
  });
  grpc.health.set(true);
  return {
    listening: { ...listening, admin: authority(admin.address) },
    summary: summaryOf(config, rooms),
    flush: () => rooms.audit.flushed(),
    async stop() {
      draining = true;
      await grpc.close(config.drain.graceMs);
      await admin.close();
      await probes.close();
      await rooms.close();
    },
  };
}

function startGrpc(
  config: Config,
  log: ProcessLog,
  { governor, policy, decisionLog }: Composition,
): Promise<GrpcServer> {
  const bodyBytesMax = Math.max(...config.routes.map((route) => route.maxBodyBytes), ANSWER_BYTES_MAX);
  const { listen, tls, server, extAuthz, governance } = config;
  const { protoDescriptorFile } = extAuthz;
  const grpc = protoDescriptorFile === undefined ? undefined : loadDescriptors(protoDescriptorFile);
  return startGrpcServer(
    {
      listen,
      messageBytesMax: bodyBytesMax + MESSAGE_BYTES_BEYOND_BODY,
      ...(tls === undefined ? {} : { tls }),
      ...(server.reflection ? { reflection: { protoDir: packageFile("proto") } } : {}),
    },
    {
      ...createCheckHandlers(
        { ...extAuthz, grpc, governanceEntrypoint: governance.request },
        {
          governor,
          policies: (subject) => policy.for(subject),
          ...(decisionLog && { onDecision: (event) => decisionLog.log(event) }),
        },
      ),
      process: createProcessHandlers(governor, {
        nowMs: Date.now,
        onBroken: (decisionId, fault, cause) =>
          log.warn({ decisionId, fault, err: cause }, "an ext_proc stream broke"),
      }),
    },
    log,
  );
}

/** What of the policies can be looked at and changed on the admin port. */
function policyControl(policy: ManagedPolicyEngine) {
  const { rollout } = policy;
  const reload = async () => {
    await policy.reload();
    return undefined;
  };
  return {
    changes: { "/v1/bundles/reload": reload, ...(rollout === undefined ? {} : rolloutChanges(rollout)) },
    ...(rollout === undefined
      ? {}
      : { rollout: () => JSON.parse(JSON.stringify(rollout.status())) as JsonObject }),
  };
}

function summaryOf(config: Config, { policy, models, keys }: Composition): JsonObject {
  return {
    bundles: config.bundles.map((bundle) => ({
      name: bundle.name,
      ...("path" in bundle ? { path: bundle.path } : { service: bundle.service }),
    })),
    revision: policy.revision,
    failMode: "closed",
    models,
    apiKeys: keys,
    audit: config.audit.dir,
    tls: config.tls !== undefined,
    dryRun: config.extAuthz.dryRun,
  };
}

function refusedBundles(policy: Composition["policy"]): string | undefined {
  const refused = policy
    .status()
    .flatMap(({ lastError }) => (lastError === undefined ? [] : [lastError.message]));
  return refused.length === 0 ? undefined : refused.join("; ");
}

function unreadKeys(targetKeys: Composition["targetKeys"]): string | undefined {
  const unread = targetKeys
    .status()
    .flatMap(({ target, fault }) => (fault === undefined ? [] : [`${target}: ${fault}`]));
  return unread.length === 0 ? undefined : unread.join("; ");
}

function authority({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
