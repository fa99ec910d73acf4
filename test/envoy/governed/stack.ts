import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import type { ConfigSource } from "../../../src/config/schema.ts";
import { packageFile } from "../../../src/document/package-root.ts";
import type { Record } from "../../../src/exchange/record.ts";
import { renderEnvoyConfig } from "../../../src/local/envoy/bootstrap.ts";
import { ENVOY_DEFAULTS, type EnvoyTarget, type FilterChoice } from "../../../src/local/envoy/options.ts";
import { claimPort } from "../../../src/local/ports.ts";
import { findEnvoy, REGENT_MAIN } from "../../../src/local/programs.ts";
import { regentConfig } from "../../../src/local/regent-config.ts";
import { startWatchdog, type Watchdog } from "../../../src/local/watchdog.ts";
import { type SampleModel, startSampleModel } from "../../../tools/sample-model/server.ts";
import type { Witnessed } from "../../../tools/sample-model/witness.ts";
import { type Part, startPart } from "./part.ts";
import { readRecords } from "./records.ts";

export type GovernedOptions = {
  /** Which of Regent's filters stand in Envoy; both unless said otherwise. */
  readonly filters?: FilterChoice;
  /** Changes the sidecar's configuration, which else is that of `regent run`. */
  readonly config?: (usual: ConfigSource) => ConfigSource;
  /** More servers behind Envoy, by the names of their targets. */
  readonly targets?: readonly EnvoyTarget[];
  /** Folder of recorded answers that the models can replay. */
  readonly recordings?: string;
};

/**
 * Sample models in this process, the sidecar and Envoy as processes of their own: as `regent run` starts them, but each
 * can be killed and started again alone, and what reached the models is at hand.
 */
export type Governed = {
  /** Of Envoy, on 127.0.0.1. */
  readonly port: number;
  readonly probesOrigin: string;
  readonly dir: string;
  readonly auditDir: string;
  /** The sidecar's configuration file, for starting it with another one. */
  readonly configFile: string;
  /** The configuration in it. */
  readonly config: ConfigSource;
  readonly regent: Part;
  readonly envoy: Part;
  /** What reached a model, in the order of each. */
  witnessed(): readonly Witnessed[];
  /** All records that are on disk, oldest first. */
  records(): Promise<Record[]>;
  stop(): Promise<void>;
};

const HOST = "127.0.0.1";

/** Starts all of it. What was started is ended again when a later step fails. */
export async function startGoverned(options: GovernedOptions = {}): Promise<Governed> {
  const dir = mkdtempSync(join(tmpdir(), "regent-governed-"));
  const watchdog = startWatchdog();
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
    watchdog.close();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    return { ...(await start(dir, watchdog, stops, options)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  dir: string,
  watchdog: Watchdog,
  stops: (() => Promise<void>)[],
  options: GovernedOptions,
): Promise<Omit<Governed, "stop">> {
  const models: SampleModel[] = [];
  for (const region of ["us", "eu"]) {
    const model = await startSampleModel({
      name: `sim-${region}`,
      region,
      ...(options.recordings === undefined ? {} : { recordings: options.recordings }),
    });
    models.push(model);
    stops.push(() => model.close());
  }
  const ports = { grpc: await claimPort(0), admin: await claimPort(0), probes: await claimPort(0) };
  const auditDir = join(dir, "audit");
  const usual = regentConfig({
    listen: `${HOST}:${ports.grpc}`,
    admin: `${HOST}:${ports.admin}`,
    probes: `${HOST}:${ports.probes}`,
    auditDir,
    decisionsDir: join(dir, "decisions"),
    registryFile: packageFile("policies", "demo", "registry.yaml"),
    packageFile: (path) => packageFile(path),
  });
  const config = options.config?.(usual) ?? usual;
  const configFile = join(dir, "regent.yaml");
  writeFileSync(configFile, stringify(config));
  const probesOrigin = `http://${HOST}:${ports.probes}`;
  const regent = await startPart({
    name: "regent",
    command: process.execPath,
    args: [REGENT_MAIN, "serve", "-c", configFile],
    logFile: join(dir, "regent.log"),
    watchdog,
    ready: () => answersOk(`${probesOrigin}/readyz`),
  });
  stops.push(() => regent.stop());

  const targets = [
    ...models.map(({ origin }, at) => ({ name: TARGETS[at] as string, origin })),
    ...(options.targets ?? []),
  ];
  const port = await claimPort(0);
  const envoy = await startEnvoy({
    dir,
    watchdog,
    port,
    grpcPort: ports.grpc,
    targets,
    filters: options.filters ?? "both",
  });
  stops.push(() => envoy.stop());
  return {
    port,
    probesOrigin,
    dir,
    auditDir,
    configFile,
    config,
    regent,
    envoy,
    witnessed: () => models.flatMap(({ witness }) => witness.find()),
    records: () => readRecords(auditDir),
  };
}

/** Names of the targets in the registry of the demo. */
const TARGETS = ["sim-us", "sim-eu"];

type EnvoySetting = {
  readonly dir: string;
  readonly watchdog: Watchdog;
  readonly port: number;
  readonly grpcPort: number;
  readonly targets: readonly EnvoyTarget[];
  readonly filters: FilterChoice;
};

function startEnvoy({ dir, watchdog, port, grpcPort, targets, filters }: EnvoySetting): Promise<Part> {
  const configFile = join(dir, "envoy.yaml");
  const adminFile = join(dir, "envoy-admin-address");
  writeFileSync(
    configFile,
    renderEnvoyConfig({
      ...ENVOY_DEFAULTS,
      listen: { kind: "tcp", host: HOST, port },
      admin: { kind: "tcp", host: HOST, port: 0 },
      regent: { kind: "tcp", host: HOST, port: grpcPort },
      targets,
      filters,
      accessLog: join(dir, "access.log"),
    }),
  );
  return startPart({
    name: "envoy",
    command: findEnvoy(),
    args: [
      ...["--config-path", configFile, "--admin-address-path", adminFile],
      ...["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"],
    ],
    logFile: join(dir, "envoy.log"),
    watchdog,
    ready: () => answersOk(`http://${readFileSync(adminFile, "utf8").trim()}/ready`),
  });
}

/** Whether a probe answers with 2xx. */
async function answersOk(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
  await response.arrayBuffer();
  return response.ok;
}
