import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Address, renderAddress } from "../config/address.ts";
import { packageFile } from "../document/package-root.ts";
import { type Child, quoteLog, startChild } from "./child.ts";
import { renderEnvoyConfig } from "./envoy/bootstrap.ts";
import { ENVOY_DEFAULTS, type EnvoyTarget } from "./envoy/options.ts";
import { claimPort } from "./ports.ts";
import { findEnvoy, memoryFlags, REGENT_MAIN, SAMPLE_MODEL_MAIN } from "./programs.ts";
import { renderRegentConfig } from "./regent-config.ts";
import { untilReady } from "./until.ts";
import { UPSTREAM_TARGET, type Upstream, upstreamModels, upstreamRegistry } from "./upstream.ts";
import { startWatchdog, type Watchdog } from "./watchdog.ts";

export type StackOptions = {
  /** Folder for configurations, logs and the audit log; made when absent. */
  readonly dir: string;
  /** Ports on 127.0.0.1; 0: one that the system picks. */
  readonly port: number;
  readonly adminPort: number;
  readonly probesPort: number;
  readonly grpcPort: number;
  /** A server to govern instead of the sample models. */
  readonly upstream?: Upstream;
  /** A bundle to decide with instead of the sample policies. */
  readonly bundle?: string;
  /** Take new versions of it through a rollout. */
  readonly rollout?: boolean;
  /** Told of each step as it begins. */
  readonly onStep: (step: string) => void;
};

/** Sample models, the sidecar and Envoy, running and ready. */
export type Stack = {
  /** Where clients connect. */
  readonly origin: string;
  readonly adminOrigin: string;
  readonly probesOrigin: string;
  readonly envoyAdminOrigin: string;
  /** What stands behind: target name and origin. */
  readonly targets: readonly EnvoyTarget[];
  /** Names of the registered models of an upstream; undefined with the sample models. */
  readonly upstreamModels: readonly string[] | undefined;
  readonly dir: string;
  readonly auditDir: string;
  readonly decisionsDir: string;
  /** File with the token of the admin port; undefined without a rollout. */
  readonly tokenFile: string | undefined;
  /** The processes, by name: `sim-us`, `sim-eu`, `regent`, `envoy`. */
  readonly pids: ReadonlyMap<string, number>;
  /** Resolves with a sentence when one of the processes ends by itself; never rejects. */
  readonly broken: Promise<string>;
  /** Ends everything, Envoy first. The second call waits for the first. */
  stop(): Promise<void>;
};

const HOST = "127.0.0.1";
/** The sample models: targets of the demo's registry, each a process. */
const SAMPLES = [
  { name: "sim-us", region: "us" },
  { name: "sim-eu", region: "eu" },
  { name: "sim-messages", region: "us" },
] as const;

/** Each start step ends within this time or fails with what the process said. A busy two-core machine needs a few seconds. */
const READY_MS_MAX = { model: 10_000, regent: 20_000, envoy: 20_000 } as const;

/**
 * Starts the local stack, step by step. What was started is ended again when a later step fails.
 *
 * @throws Error with a sentence: a taken port, a missing program, or what the failing process said.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  mkdirSync(options.dir, { recursive: true });
  const stack = new Starting(resolve(options.dir), options);
  try {
    return await stack.start();
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

class Starting {
  readonly #dir: string;
  readonly #options: StackOptions;
  readonly #watchdog: Watchdog = startWatchdog();
  readonly #children: Child[] = [];
  #stopped: Promise<void> | undefined;

  constructor(dir: string, options: StackOptions) {
    this.#dir = dir;
    this.#options = options;
  }

  async start(): Promise<Stack> {
    const { upstream, onStep } = this.#options;
    const envoyProgram = findEnvoy();
    // All at once and first, so that nothing is started in vain.
    const port = await claimPort(this.#options.port);
    const ports = {
      grpc: await claimPort(this.#options.grpcPort),
      admin: await claimPort(this.#options.adminPort),
      probes: await claimPort(this.#options.probesPort),
    };

    const models = upstream === undefined ? undefined : await this.#askModels(upstream);
    const targets =
      upstream === undefined
        ? await this.#startSamples()
        : [{ name: UPSTREAM_TARGET, origin: upstream.origin }];
    onStep("starting the sidecar");
    await this.#startRegent(ports, this.#writeRegistry(models));
    onStep("starting Envoy");
    const grpc: Address = { kind: "tcp", host: HOST, port: ports.grpc };
    const envoy = await this.#startEnvoy(envoyProgram, port, grpc, targets);
    return {
      origin: envoy.origin,
      envoyAdminOrigin: envoy.adminOrigin,
      adminOrigin: `http://${HOST}:${ports.admin}`,
      probesOrigin: `http://${HOST}:${ports.probes}`,
      targets,
      upstreamModels: models,
      dir: this.#dir,
      auditDir: this.#auditDir,
      decisionsDir: this.#decisionsDir,
      tokenFile: this.#tokenFile,
      pids: new Map(this.#children.map(({ name, pid }) => [name, pid])),
      broken: this.#firstEnding(),
      stop: () => this.stop(),
    };
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  /** In the order of a request, so that nothing is sent to what is gone. */
  async #stopAll(): Promise<void> {
    for (const child of [...this.#children].reverse()) await child.stop();
    this.#watchdog.close();
  }

  get #auditDir(): string {
    return join(this.#dir, "audit");
  }

  get #tokenFile(): string | undefined {
    return this.#options.rollout === true ? this.#file("admin-token") : undefined;
  }

  get #decisionsDir(): string {
    return join(this.#dir, "decisions");
  }

  #file(name: string): string {
    return join(this.#dir, name);
  }

  async #askModels(upstream: Upstream): Promise<readonly string[]> {
    if (upstream.models === undefined) this.#options.onStep(`asking ${upstream.origin} for its models`);
    return upstreamModels(upstream);
  }

  #writeRegistry(models: readonly string[] | undefined): string {
    const { upstream } = this.#options;
    if (upstream === undefined || models === undefined)
      return packageFile("policies", "demo", "registry.yaml");
    const file = this.#file("registry.yaml");
    const keyFile = upstream.keyFile === undefined ? undefined : resolve(upstream.keyFile);
    writeFileSync(file, upstreamRegistry(upstream, models, keyFile));
    return file;
  }

  async #startSamples(): Promise<EnvoyTarget[]> {
    this.#options.onStep("starting the sample models");
    return Promise.all(SAMPLES.map(({ name, region }) => this.#startSample(name, region)));
  }

  async #startSample(name: string, region: string): Promise<EnvoyTarget> {
    const args = [...memoryFlags(), SAMPLE_MODEL_MAIN, "--name", name, "--region", region, "--with-parent"];
    const child = await this.#startChild(name, process.execPath, args, true);
    let line: string | undefined;
    child.announcement().then(
      (said) => {
        line = said;
      },
      // Its end is noticed, and its log quoted, by the wait below.
      () => {},
    );
    const said = await untilReady(child, READY_MS_MAX.model, () => line);
    return { name, origin: (JSON.parse(said) as { listening: string }).listening };
  }

  async #startRegent(ports: { grpc: number; admin: number; probes: number }, registryFile: string) {
    const config = this.#file("regent.yaml");
    writeFileSync(
      config,
      renderRegentConfig({
        listen: renderAddress({ kind: "tcp", host: HOST, port: ports.grpc }),
        admin: `${HOST}:${ports.admin}`,
        probes: `${HOST}:${ports.probes}`,
        auditDir: this.#auditDir,
        decisionsDir: this.#decisionsDir,
        registryFile,
        bundle: this.#options.bundle && resolve(this.#options.bundle),
        rollout: this.#writeToken(),
        packageFile: (path) => packageFile(path),
      }),
    );
    const args = [...memoryFlags(), REGENT_MAIN, "serve", "-c", config];
    const child = await this.#startChild("regent", process.execPath, args);
    await untilReady(child, READY_MS_MAX.regent, () => answersOk(`http://${HOST}:${ports.probes}/readyz`));
  }

  /** A token that is made for this stack, so that the policies can be steered. */
  #writeToken(): { dir: string; tokenFile: string } | undefined {
    const tokenFile = this.#tokenFile;
    if (tokenFile === undefined) return undefined;
    writeFileSync(tokenFile, randomBytes(24).toString("base64url"), { mode: 0o600 });
    return { dir: this.#file("rollout"), tokenFile };
  }

  async #startEnvoy(program: string, port: number, regent: Address, targets: readonly EnvoyTarget[]) {
    const config = this.#file("envoy.yaml");
    const adminFile = this.#file("envoy-admin-address");
    const listen = { ...ENVOY_DEFAULTS.listen, port };
    const admin = { ...ENVOY_DEFAULTS.admin, port: 0 };
    const accessLog = this.#file("access.log");
    writeFileSync(
      config,
      renderEnvoyConfig({ ...ENVOY_DEFAULTS, listen, admin, regent, targets, accessLog }),
    );
    writeFileSync(adminFile, "");
    const child = await this.#startChild("envoy", program, [
      ...["--config-path", config, "--admin-address-path", adminFile],
      // One of several Envoys of a machine, and one core is enough to try things.
      ...["--disable-hot-restart", "--concurrency", "1", "--log-level", "warn"],
    ]);
    const adminOrigin = await untilReady(child, READY_MS_MAX.envoy, async () => {
      const address = readFileSync(adminFile, "utf8").trim();
      return address === "" ? undefined : `http://${address}`;
    });
    await untilReady(child, READY_MS_MAX.envoy, () => answersOk(`${adminOrigin}/ready`));
    return { adminOrigin, origin: `http://${HOST}:${port}` };
  }

  async #startChild(name: string, command: string, args: string[], announces = false): Promise<Child> {
    const logFile = this.#file(`${name}.log`);
    writeFileSync(logFile, "");
    const child = await startChild({ name, command, args, logFile, announces, watchdog: this.#watchdog });
    this.#children.push(child);
    return child;
  }

  #firstEnding(): Promise<string> {
    return Promise.race(
      this.#children.map(async (child) => {
        const how = await child.ended;
        return `${child.name} ended with ${how}. It said:\n${quoteLog(child)}`;
      }),
    );
  }
}

/** True when a probe answers with 2xx, undefined when not. */
async function answersOk(url: string): Promise<true | undefined> {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
  await response.arrayBuffer();
  return response.ok ? true : undefined;
}
