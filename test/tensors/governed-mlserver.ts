import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { packageFile } from "../../src/document/package-root.ts";
import type { TensorInterface } from "../../src/exchange/model-interface.ts";
import { type Governed, startGoverned } from "../envoy/governed/stack.ts";
import { type MlServer, startMlServer } from "./mlserver.ts";

/**
 * MLServer behind Envoy and Regent, as the one target of its models. Clients call them `flowers`, `progress`, and `declared`
 * and `guessed`, which are one model whose input is declared and not.
 */
export type GovernedMlServer = Governed & { readonly server: MlServer };

const MODELS: { readonly [name: string]: { readonly name: string; readonly tensors?: TensorInterface } } = {
  flowers: { name: "iris" },
  progress: { name: "diabetes" },
  declared: {
    name: "progress_by_bmi",
    tensors: {
      inputs: [{ name: "bmi", datatype: "FP64", shape: [-1] }],
      outputs: [{ name: "predict", datatype: "FP64" }],
    },
  },
  guessed: { name: "progress_by_bmi" },
};

export async function startGovernedMlServer(): Promise<GovernedMlServer> {
  const dir = mkdtempSync(join(tmpdir(), "regent-governed-mlserver-"));
  const registry = join(dir, "registry.yaml");
  const server = await startMlServer();
  const clean = async () => {
    await server.stop();
    rmSync(dir, { recursive: true });
  };
  try {
    writeFileSync(registry, registryText());
    const governed = await startGoverned({
      config: (usual) => ({ ...usual, registry: { file: registry } }),
      targets: [{ name: "mlserver", origin: server.url }],
    });
    return { ...governed, server, stop: () => governed.stop().finally(clean) };
  } catch (error) {
    await clean();
    throw error;
  }
}

/** The demo's registry with two more models. */
function registryText(): string {
  const demo = parse(readFileSync(packageFile("policies", "demo", "registry.yaml"), "utf8")) as {
    targets: object[];
    models: object[];
  };
  const target = { name: "mlserver", region: "us", provider: "self", format: "kserve-v2" };
  const models = Object.entries(MODELS).map(([name, version]) => ({
    name,
    stage: "active",
    owner: "research",
    dataClasses: ["public", "internal", "personal"],
    versions: [{ ...version, weight: 1, targets: [target.name] }],
  }));
  return stringify({ ...demo, targets: [...demo.targets, target], models: [...demo.models, ...models] });
}
