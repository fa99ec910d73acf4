import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { packageFile } from "./document/package-root.ts";
import { GrpcError } from "./envoy/server/grpc-error.ts";
import { type GrpcServer, type Handlers, startGrpcServer } from "./envoy/server/server.ts";
import type { JsonObject } from "./exchange/json.ts";
import { activeConfig } from "./opa/active-config.ts";
import { isLocal, type OpaAddress, renderOpaAddress } from "./opa/address.ts";
import { createApi, createDiagnosticApi } from "./opa/api/api.ts";
import { BODY_LIMITS } from "./opa/api/body.ts";
import type { ApiRooms, PluginState } from "./opa/api/rooms.ts";
import type { OpaCommand } from "./opa/command-line.ts";
import { type OpaConfig, opaConfigFrom } from "./opa/config.ts";
import type { Environment } from "./opa/environment.ts";
import type { OpaEnvoy } from "./opa/envoy.ts";
import { type Listening, listenApi } from "./opa/listen.ts";
import { type Loaded, loadOpaConfig } from "./opa/load.ts";
import { createOpaMetrics, type OpaMetrics } from "./opa/metrics.ts";
import { createPathsSource, parsePath } from "./opa/paths.ts";
import { type Discovery, startDiscovery } from "./opa-discovery.ts";
import { COMMAND_LINE_BUNDLE, type OpaRooms, openOpaRooms, sourceOf } from "./opa-rooms.ts";
import type { BundleOptions } from "./policy/engine.ts";
import { createFileSource } from "./policy/source/file.ts";
import { type FileWatch, watchFile } from "./policy/source/watch.ts";
import { createServices, type Services } from "./services/index.ts";
import type { Sidecar } from "./sidecar.ts";
import { createTelemetry, type ProcessLog, type Telemetry } from "./telemetry/index.ts";

/** How long what was asked under the configuration before may still be answered under it. */
const RETIRED_MS = 1_000;
/** gRPC status UNAVAILABLE: nothing has been configured yet. */
const UNAVAILABLE = 14;

export type OpaSidecarOptions = {
  readonly command: OpaCommand;
  readonly loaded: Loaded;
  readonly environment: Environment;
  readonly version: string;
  readonly log: ProcessLog;
};

/**
 * Starts Regent in place of opa-envoy-plugin: ext_authz at the plugin's address, OPA's HTTP API beside it, and all that
 * OPA's configuration asks for.
 * @throws Error that says what is missing, wrong or taken
 */
export async function startOpaSidecar(options: OpaSidecarOptions): Promise<Sidecar> {
  const sidecar = new OpaSidecar(options);
  try {
    await sidecar.start();
    return sidecar;
  } catch (error) {
    await sidecar.close(0);
    throw error;
  }
}

/** What of the plugin's options a server that listens cannot change. */
const OF_THE_LISTENER = ["addr", "messageBytesMax", "answerBytesMax", "reflection"] as const;

/** The configuration that is in force, and its rooms. */
type Current = { readonly config: OpaConfig; readonly raw: unknown; readonly rooms: OpaRooms };

class OpaSidecar implements Sidecar {
  readonly #options: OpaSidecarOptions;
  readonly #id = randomUUID();
  readonly #boot: OpaConfig;
  readonly #api: Listening[] = [];
  readonly #metrics: OpaMetrics = createOpaMetrics();
  #telemetry: Telemetry | undefined;
  #current: Current | undefined;
  #grpc: { readonly server: GrpcServer; readonly envoy: OpaEnvoy } | undefined;
  #discovery: Discovery | undefined;
  #discoveryServices: Services | undefined;
  #watch: FileWatch | undefined;
  #stopping = false;
  /** Called when policies may have become active. */
  #changed: (() => void) | undefined;
  /** Configurations are put into force one after another. */
  #applying: Promise<void> = Promise.resolve();

  constructor(options: OpaSidecarOptions) {
    this.#options = options;
    this.#boot = opaConfigFrom(options.loaded.document, process.cwd());
  }

  get listening(): Sidecar["listening"] {
    const grpc = this.#grpc;
    return {
      grpc: grpc === undefined ? "" : renderOpaAddress(grpc.server.address),
      admin: this.#api.map(({ address }) => renderOpaAddress(address)).join(", "),
      probes: "",
    };
  }

  get summary(): JsonObject {
    const { command } = this.#options;
    return {
      id: this.#id,
      opaConfig: command.configFile,
      bundles: (this.#current?.rooms.policy.status() ?? []).map(({ name, path, revision }) => ({
        name,
        path,
        revision,
      })),
      discovery: this.#boot.discovery?.name ?? null,
    };
  }

  async start(): Promise<void> {
    const { command, loaded, log } = this.#options;
    const { discovery, bundles } = this.#boot;
    this.#telemetry = await createTelemetry({
      labels: { tenant: 0, model: 0 },
      policy: { status: () => this.#current?.rooms.policy.status() ?? [] },
      log,
    });
    if (discovery === undefined || bundles.length > 0 || command.paths.length > 0) await this.#apply(loaded);
    if (discovery !== undefined) await this.#startDiscovery();
    else if (command.watchConfig) this.#watchConfig();
    if (command.readyTimeoutMs > 0) await this.#waitReady(command.readyTimeoutMs);
    await this.#openApi();
  }

  /** Rooms for a configuration, in place of those before once they are open. */
  #apply(loaded: Loaded): Promise<void> {
    const applied = this.#applying.then(() => this.#replace(loaded));
    // Whoever applied it is told; the next one comes all the same.
    this.#applying = applied.catch(() => undefined);
    return applied;
  }

  async #replace({ document, raw }: Loaded): Promise<void> {
    const { log } = this.#options;
    const config = opaConfigFrom(document, process.cwd());
    const rooms = await openOpaRooms({
      config,
      labels: this.#labels(config),
      named: this.#namedBundles(),
      metrics: this.#metrics,
      discovery: this.#boot.discovery === undefined ? undefined : () => this.#discovery?.status() ?? {},
      log,
    });
    const previous = this.#current;
    this.#current = { config, raw, rooms };
    try {
      await this.#listenGrpc(config.envoy);
    } catch (error) {
      this.#current = previous;
      await rooms.close();
      throw error;
    }
    if (previous !== undefined) void this.#retire(previous.rooms);
    rooms.policy.onStatus(() => this.#changed?.());
    this.#changed?.();
  }

  async #retire(rooms: OpaRooms): Promise<void> {
    await pause(RETIRED_MS, undefined, { ref: false });
    await rooms.close().catch((err: unknown) => {
      this.#options.log.error({ err }, "what belonged to the configuration before could not be closed");
    });
  }

  /** Users' labels, and those that nobody but OPA may set. */
  #labels({ labels }: OpaConfig): { readonly [label: string]: string } {
    return { ...labels, id: this.#id, version: this.#options.version };
  }

  #namedBundles(): readonly BundleOptions[] {
    const { paths, bundleMode, ignore, watch, verification } = this.#options.command;
    const archives = paths.filter((path) => bundleMode || path.endsWith(".tar.gz"));
    const files = paths.filter((path) => !archives.includes(path)).map(parsePath);
    const bundles: BundleOptions[] = archives.map((path) => ({
      name: path,
      source: createFileSource({ path: parsePath(path).path, watch }),
      ...(verification === undefined ? {} : { verification }),
    }));
    if (files.length > 0)
      bundles.push({ name: COMMAND_LINE_BUNDLE, source: createPathsSource({ paths: files, ignore, watch }) });
    return bundles;
  }

  /** The first configuration with the plugin opens its address; another address needs another process. */
  async #listenGrpc(envoy: OpaEnvoy | undefined): Promise<void> {
    const { log } = this.#options;
    if (this.#grpc !== undefined) {
      const { envoy: listening } = this.#grpc;
      const changed = OF_THE_LISTENER.filter((key) => envoy?.[key] !== listening[key]);
      if (changed.length > 0)
        log.warn(
          { listening: this.listening.grpc, changed },
          "how the plugin listens has changed in the configuration: it is taken up at the next start",
        );
      return;
    }
    if (envoy === undefined) return;
    const { address, messageBytesMax, answerBytesMax, reflection } = envoy;
    warnOfExposure(envoy, log);
    const server = await startGrpcServer(
      {
        listen: address,
        messageBytesMax,
        answerBytesMax,
        anyPeer: true,
        ...(reflection ? { reflection: { protoDir: packageFile("proto") } } : {}),
      },
      this.#handlers(),
      log,
    );
    server.health.set(true);
    this.#grpc = { server, envoy };
    log.info({ grpc: this.listening.grpc }, "ext_authz is served");
  }

  /** They look up the rooms that are in force for each call. */
  #handlers(): Handlers {
    const checks = () => {
      const found = this.#current?.rooms.checks;
      if (found === undefined) throw new GrpcError(UNAVAILABLE, "no policy is configured");
      return found;
    };
    return {
      check: async (request, call) => checks().check(request, call),
      check2: async (request, call) => checks().check2(request, call),
    };
  }

  async #startDiscovery(): Promise<void> {
    const { loaded, environment, log } = this.#options;
    const discovery = this.#required(this.#boot.discovery);
    // Its service is that of the first configuration, and outlives all others.
    const services = createServices(this.#boot.services, log);
    this.#discoveryServices = services;
    const source = sourceOf(discovery, {
      services,
      persistenceDir: this.#boot.persistenceDirectory,
      log,
    });
    this.#discovery = await startDiscovery({
      ...{ discovery, source, environment, log },
      boot: loaded.raw,
      labels: this.#labels(this.#boot),
      apply: (next) => this.#apply(next),
    });
  }

  #watchConfig(): void {
    const { command, environment, log } = this.#options;
    const reload = async () => {
      try {
        const { configFile: file, set, setFile, remotes } = command;
        const loaded = loadOpaConfig({ file, set, setFile, remotes, environment });
        for (const { path, message } of loaded.warnings)
          log.warn({ path }, path === "" ? message : `${path}: ${message}`);
        await this.#apply(loaded);
        log.info({ file }, "the new configuration is in force");
      } catch (err) {
        log.error(
          { err },
          `the new configuration is refused, the one before stays: ${(err as Error).message}`,
        );
      }
    };
    this.#watch = watchFile(command.configFile, reload);
  }

  async #waitReady(timeoutMs: number): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.#changed = () => {
      if (this.#current?.rooms.policy.ready === true) ready.resolve();
    };
    this.#changed();
    const timer = setTimeout(() => {
      this.#options.log.warn({ timeoutMs }, "the bundles are not active yet; serving all the same");
      ready.resolve();
    }, timeoutMs);
    await ready.promise;
    clearTimeout(timer);
    this.#changed = undefined;
  }

  async #openApi(): Promise<void> {
    const { command, log } = this.#options;
    const rooms = this.#apiRooms();
    const api = createApi(rooms, log);
    const diagnostic = createDiagnosticApi(rooms, log);
    const { addresses, diagnosticAddresses, socketMode } = command;
    for (const address of addresses) {
      warnOfApi(address, log);
      this.#api.push(await listenApi(api, address, socketMode, log));
    }
    for (const address of diagnosticAddresses)
      this.#api.push(await listenApi(diagnostic, address, socketMode, log));
  }

  #apiRooms(): ApiRooms {
    const current = () => this.#current;
    const metrics = this.#metrics;
    const nothing = { entrypoints: [], complete: true, data: () => undefined };
    return {
      policies: () =>
        current()?.rooms.policies() ?? {
          ...nothing,
          ...{ revision: "", bundles: {}, has: () => false },
          evaluate: () => Promise.reject(new Error("nothing is configured yet")),
        },
      get log() {
        return current()?.rooms.log;
      },
      get defaultDecision() {
        return current()?.config.defaultDecision ?? "system/main";
      },
      plugins: () => this.#plugins(),
      notActivated: () => current()?.rooms.notActivated() ?? [],
      status: () => current()?.rooms.status(),
      config: () => {
        const config = current()?.config ?? this.#boot;
        const raw = current()?.raw ?? this.#options.loaded.raw;
        return activeConfig(raw, this.#labels(config), config.defaultDecision);
      },
      metrics: async () => {
        const { contentType, text } = await this.#required(this.#telemetry).metrics();
        return { contentType, text: `${text}${await metrics.read()}` };
      },
      observe: metrics.observeHttp,
      version: this.#options.version,
      get bodyLimits() {
        return current()?.config.bodyLimits ?? BODY_LIMITS;
      },
    };
  }

  #plugins(): { readonly [name: string]: PluginState } {
    const state = (ok: boolean): PluginState => (ok ? "OK" : "NOT_READY");
    const envoy = this.#current?.config.envoy ?? this.#boot.envoy;
    return {
      ...this.#current?.rooms.plugins(),
      ...(this.#boot.discovery === undefined ? {} : { discovery: state(this.#discovery?.ready === true) }),
      ...(envoy === undefined
        ? {}
        : { envoy_ext_authz_grpc: state(this.#grpc !== undefined && !this.#stopping) }),
    };
  }

  #required<T>(value: T | undefined): T {
    if (value === undefined) throw new TypeError("the sidecar is asked before it has started");
    return value;
  }

  async flush(): Promise<void> {
    await this.#current?.rooms.flush();
  }

  async stop(): Promise<void> {
    const { waitMs, graceMs } = this.#options.command;
    this.#stopping = true;
    this.#grpc?.server.health.set(false);
    await pause(waitMs);
    await this.close(graceMs);
  }

  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#watch?.close();
    await this.#discovery?.close();
    await this.#discoveryServices?.close();
    await this.#grpc?.server.close(graceMs);
    for (const api of this.#api) await api.close();
    await this.#applying;
    await this.#current?.rooms.close();
    await this.#telemetry?.close();
  }
}

/** opa-envoy-plugin listens everywhere unless told otherwise, and whoever swaps it must find it where it was. */
function warnOfExposure({ address, addr }: OpaEnvoy, log: ProcessLog): void {
  if (isLocal(address)) return;
  log.warn(
    { addr },
    `ext_authz listens on ${addr} without TLS: anyone who reaches the port can ask for decisions and learn what policy allows. ` +
      "Set plugins.envoy_ext_authz_grpc.addr to 127.0.0.1:9191 or unix:///PATH where Envoy is on this machine or in this pod",
  );
}

function warnOfApi(address: OpaAddress, log: ProcessLog): void {
  if (isLocal(address)) return;
  log.warn(
    { addr: renderOpaAddress(address) },
    `OPA's HTTP API listens on ${renderOpaAddress(address)} without authentication: anyone who reaches the port can ask for decisions and read the data of bundles. ` +
      "Set --addr to localhost:8181, and --diagnostic-addr for probes and metrics",
  );
}
