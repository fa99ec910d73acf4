import { startGrpcServer } from "../../../src/envoy/server/server.ts";
import { createProcessHandlers } from "../../../src/envoy/upstream/upstream.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { envoyConfig } from "../../../src/local/envoy/bootstrap.ts";
import { ENVOY_DEFAULTS, type EnvoyTarget, sizesFor } from "../../../src/local/envoy/options.ts";
import type { Stage } from "../../support/pipeline.ts";
import { loopback, type RunningEnvoy, startEnvoy } from "../support/envoy.ts";

/** A real Envoy in its generated configuration, with a stage of this process as its Regent. */
export type InProcess = {
  readonly envoy: RunningEnvoy;
  /** Why gRPC streams ended with an error. */
  readonly broken: readonly string[];
  stop(): Promise<void>;
};

/**
 * The listener of clients is `ingress`. Another one, `around`, leads to the same clusters without Regent's filter and lets
 * a client set what it likes.
 */
export async function startInProcess(stage: Stage, targets: readonly EnvoyTarget[]): Promise<InProcess> {
  const broken: string[] = [];
  const { connectionBuffer } = sizesFor(ENVOY_DEFAULTS.bodyBytesMax);
  const grpc = await startGrpcServer(
    { listen: { kind: "tcp", host: "127.0.0.1", port: 0 }, messageBytesMax: connectionBuffer },
    {
      check: () => Promise.reject(new Error("ext_authz is not asked")),
      process: createProcessHandlers(stage.governor, {
        nowMs: Date.now,
        onBroken: (_, fault) => void broken.push(fault.details),
      }),
    },
    { info() {}, warn() {}, error() {} },
  );
  try {
    if (grpc.address.kind !== "tcp") throw new Error("no port");
    const config = envoyConfig({
      ...ENVOY_DEFAULTS,
      regent: grpc.address,
      filters: "ext_proc",
      targets,
      accessLog: "/dev/null",
    });
    const envoy = await startEnvoy(withWayAround(config as Bootstrap));
    const stop = async () => {
      await envoy.stop();
      await grpc.close(0);
    };
    return { envoy, broken, stop };
  } catch (error) {
    await grpc.close(0);
    throw error;
  }
}

function withWayAround(config: Bootstrap): JsonObject {
  const { listeners } = config.static_resources;
  const [listener] = listeners;
  if (listener === undefined) throw new Error("no listener");
  listener.address = loopback(0);
  const around = structuredClone(listener);
  around.name = "around";
  const manager = around.filter_chains[0]?.filters[0]?.typed_config;
  if (manager === undefined) throw new Error("no manager");
  // Only the router is left.
  manager.http_filters = (manager.http_filters as JsonObject[]).slice(-1);
  delete manager.early_header_mutation_extensions;
  listeners.push(around);
  return config as unknown as JsonObject;
}

type Bootstrap = { readonly static_resources: { readonly listeners: Listener[] } };

type Listener = {
  name: string;
  address: JsonObject;
  readonly filter_chains: readonly {
    readonly filters: readonly { readonly typed_config: { [name: string]: unknown } }[];
  }[];
};
