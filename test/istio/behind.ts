import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import type { ConfigSource } from "../../src/config/schema.ts";
import { type Child, startChild } from "../../src/local/child.ts";
import type { EnvoyTarget } from "../../src/local/envoy/options.ts";
import { claimPort } from "../../src/local/ports.ts";
import { REGENT_MAIN } from "../../src/local/programs.ts";
import { untilReady } from "../../src/local/until.ts";
import { startWatchdog } from "../../src/local/watchdog.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import { type SampleModel, startSampleModel } from "../../tools/sample-model/server.ts";
import type { Witnessed } from "../../tools/sample-model/witness.ts";
import { DEMO_BUNDLE, POLICIES } from "../policies/policies.ts";
import { ISTIO } from "./manifests.ts";

const START_MS_MAX = 20_000;

/** Targets in the place of the demo's: a registry as its file has it, and the files of keys that it names. */
export type OwnTargets = {
  readonly registry: object;
  readonly keys: { readonly [file: string]: string };
  /** Names of the targets, each a sample model. */
  readonly targets: readonly string[];
};

const DEMO_TARGETS: readonly string[] = ["sim-us", "sim-eu", "sim-messages"];

/** What stands behind and beside an Envoy of the mesh: the models of the demo, and the sidecar. */
export class Behind {
  readonly #folder = mkdtempSync(join(tmpdir(), "regent-mesh-"));
  readonly #watchdog = startWatchdog();
  readonly #models: SampleModel[] = [];
  readonly #names: readonly string[];
  readonly regentPort: number;
  #regent: Child | undefined;

  private constructor(regentPort: number, names: readonly string[]) {
    this.regentPort = regentPort;
    this.#names = names;
  }

  /** `own`: in the place of the demo's registry and models. */
  static async start(own?: OwnTargets): Promise<Behind> {
    const behind = new Behind(await claimPort(0), own?.targets ?? DEMO_TARGETS);
    try {
      for (const name of behind.#names)
        behind.#models.push(await startSampleModel({ name, region: name.endsWith("eu") ? "eu" : "us" }));
      await behind.#startRegent(own);
      return behind;
    } catch (error) {
      await behind.stop();
      throw error;
    }
  }

  get targets(): readonly EnvoyTarget[] {
    return this.#models.map(({ origin }, index) => ({ name: this.#names[index] as string, origin }));
  }

  get auditDir(): string {
    return this.#file("audit");
  }

  /** What reached the model of a target, in order. */
  seenBy(target: string): readonly Witnessed[] {
    return this.#models[this.#names.indexOf(target)]?.witness.find() ?? [];
  }

  /** Requests that reached a model so far. */
  get reached(): number {
    return this.#models.reduce((total, { witness }) => total + witness.count, 0);
  }

  async stopRegent(): Promise<void> {
    await this.#regent?.stop();
  }

  /** Nobody listens any more where the models were. */
  async stopModels(): Promise<void> {
    for (const model of this.#models.splice(0)) await model.close();
  }

  async stop(): Promise<void> {
    await this.stopRegent();
    await this.stopModels();
    this.#watchdog.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #file(name: string): string {
    return join(this.#folder, name);
  }

  /** The sidecar with the configuration of istio/base, but for its places and the demo's models, keys and policies. */
  async #startRegent(own: OwnTargets | undefined): Promise<void> {
    for (const [file, key] of Object.entries(own?.keys ?? {}))
      writeFileSync(this.#file(file), `${key}\n`, { mode: 0o600 });
    if (own !== undefined) writeFileSync(this.#file("registry.yaml"), stringify(own.registry));
    const bundle = this.#file("policies.tar.gz");
    await buildBundle({ ...DEMO_BUNDLE, output: bundle, entrypoints: [] });
    const probes = await claimPort(0);
    const shipped = parse(readFileSync(join(ISTIO, "base", "regent.yaml"), "utf8")) as ConfigSource;
    const config: ConfigSource = {
      ...shipped,
      listen: `127.0.0.1:${this.regentPort}`,
      admin: { listen: `127.0.0.1:${await claimPort(0)}` },
      probes: { listen: `127.0.0.1:${probes}` },
      bundles: [{ name: "main", path: bundle }],
      extAuthz: { entrypoint: "envoy/authz/allow" },
      identity: { ...shipped.identity, apiKeys: { file: join(POLICIES, "demo", "keys.yaml") } },
      registry: {
        file: own === undefined ? join(POLICIES, "demo", "registry.yaml") : this.#file("registry.yaml"),
      },
      audit: { dir: this.auditDir },
    };
    writeFileSync(this.#file("regent.yaml"), stringify(config));
    this.#regent = await startChild({
      name: "regent",
      command: process.execPath,
      args: [REGENT_MAIN, "serve", "-c", this.#file("regent.yaml")],
      logFile: this.#file("regent.log"),
      watchdog: this.#watchdog,
    });
    await untilReady(this.#regent, START_MS_MAX, async () => {
      const answer = await fetch(`http://127.0.0.1:${probes}/readyz`, { signal: AbortSignal.timeout(1_000) });
      return answer.ok ? true : undefined;
    });
  }
}
