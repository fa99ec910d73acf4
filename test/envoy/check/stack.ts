import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import type { ConfigSource } from "../../../src/config/schema.ts";
import { packageFile } from "../../../src/document/package-root.ts";
import type { JsonObject } from "../../../src/exchange/json.ts";
import { claimPort } from "../../../src/local/ports.ts";
import { REGENT_MAIN } from "../../../src/local/programs.ts";
import { startWatchdog } from "../../../src/local/watchdog.ts";
import { buildBundle } from "../../../src/policy/opa/build.ts";
import { type Sources, writeSources } from "../../support/rego.ts";
import { type Part, startPart } from "../governed/part.ts";
import { cluster, connectionManager, http2Cluster, listener, typed } from "../support/config.ts";
import { type RunningEnvoy, startEnvoy } from "../support/envoy.ts";

export type CheckStackOptions = {
  /** Rego and data. */
  readonly sources: Sources;
  readonly extAuthz: NonNullable<ConfigSource["extAuthz"]> & { readonly entrypoint: string };
  /** Merged over Envoy's ext_authz filter. */
  readonly filter?: JsonObject;
  /** Files for the configuration to name, by name. */
  readonly files?: { readonly [name: string]: Buffer };
  readonly upstream: { readonly port: number; readonly http2?: boolean };
};

/** Envoy with ext_authz, and `regent serve` with a policy of the opa-envoy style behind it. */
export type CheckStack = {
  /** Of Envoy, on 127.0.0.1. */
  readonly port: number;
  /** Of Regent's gRPC, on 127.0.0.1. */
  readonly grpcPort: number;
  readonly statusOrigin: string;
  readonly envoy: RunningEnvoy;
  readonly regent: Part;
};

const HOST = "127.0.0.1";

/** Starts both; the test ends them. */
export async function startCheckStack(t: TestContext, options: CheckStackOptions): Promise<CheckStack> {
  const dir = mkdtempSync(join(tmpdir(), "regent-check-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const watchdog = startWatchdog();
  t.after(() => watchdog.close());
  await writeSources(join(dir, "policy"), options.sources);
  const bundle = join(dir, "bundle.tar.gz");
  const { entrypoint } = options.extAuthz;
  // Beside the shipped rules, as an organisation has it: a server does not start without rules of governance.
  await buildBundle({
    paths: [join(dir, "policy"), packageFile("policies")],
    ignore: ["demo", "examples"],
    output: bundle,
    entrypoints: [entrypoint, "regent/request/decision", "regent/response/decision"],
  });
  for (const [name, bytes] of Object.entries(options.files ?? {})) writeFileSync(join(dir, name), bytes);
  const ports = { grpc: await claimPort(0), admin: await claimPort(0), probes: await claimPort(0) };
  const config: ConfigSource = {
    version: 1,
    listen: `${HOST}:${ports.grpc}`,
    admin: { listen: `${HOST}:${ports.admin}` },
    probes: { listen: `${HOST}:${ports.probes}` },
    bundles: [{ name: "main", path: bundle }],
    extAuthz: options.extAuthz,
    audit: { dir: join(dir, "audit") },
  };
  const configFile = join(dir, "regent.yaml");
  writeFileSync(configFile, stringify(config));
  const regent = await startPart({
    name: "regent",
    command: process.execPath,
    args: [REGENT_MAIN, "serve", "-c", configFile],
    logFile: join(dir, "regent.log"),
    watchdog,
    ready: async () => (await fetch(`http://${HOST}:${ports.probes}/readyz`)).ok,
  });
  t.after(() => regent.stop());
  const { upstream } = options;
  const envoy = await startEnvoy({
    static_resources: {
      listeners: [listener("gateway", connectionManager([extAuthz(options.filter)], "upstream"))],
      clusters: [
        http2Cluster("regent", ports.grpc),
        (upstream.http2 ? http2Cluster : cluster)("upstream", upstream.port),
      ],
    },
  });
  t.after(() => envoy.stop());
  return {
    port: envoy.port("gateway"),
    grpcPort: ports.grpc,
    statusOrigin: `http://${HOST}:${ports.admin}`,
    envoy,
    regent,
  };
}

function extAuthz(more: JsonObject = {}): JsonObject {
  return {
    name: "envoy.filters.http.ext_authz",
    typed_config: typed("envoy.extensions.filters.http.ext_authz.v3.ExtAuthz", {
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: "regent" }, timeout: "5s" },
      failure_mode_allow: false,
      status_on_error: { code: "ServiceUnavailable" },
      ...more,
    }),
  };
}
