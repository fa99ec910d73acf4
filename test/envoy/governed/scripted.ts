import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { packageFile } from "../../../src/document/package-root.ts";
import { type Answer, startWitness, type Witness } from "../support/witness.ts";

/** The model that {@link startScripted} serves: anybody may use it. */
export const SCRIPTED_MODEL = "scripted";

/** A model server that answers what a test wants. */
export type Scripted = {
  /** Name and origin of its target in Envoy. */
  readonly target: { readonly name: string; readonly origin: string };
  readonly witness: Witness;
  /** What it answers from now on. */
  play(answer: Answer): void;
  /** Writes the registry of the demo with this model in it, and gives the file. */
  writeRegistry(dir: string): string;
  stop(): Promise<void>;
};

export async function startScripted(): Promise<Scripted> {
  let play: Answer = (_request, response) => response.destroy();
  const witness = await startWitness((...asked) => play(...asked));
  return {
    target: { name: SCRIPTED_MODEL, origin: `http://127.0.0.1:${witness.port}` },
    witness,
    play: (answer) => {
      play = answer;
    },
    writeRegistry,
    stop: () => witness.stop(),
  };
}

function writeRegistry(dir: string): string {
  const registry = parse(readFileSync(packageFile("policies", "demo", "registry.yaml"), "utf8"));
  const { speaks } = registry.targets[0];
  registry.targets.push({
    name: SCRIPTED_MODEL,
    region: "us",
    provider: "test",
    format: "openai-chat",
    // Whatever it is asked in, it answers what the test wants.
    speaks,
  });
  registry.models.push({
    name: SCRIPTED_MODEL,
    stage: "active",
    dataClasses: ["public", "internal", "personal"],
    contextWindow: 100_000,
    maxOutputTokens: 256,
    price: { input: 1, output: 2 },
    versions: [{ name: SCRIPTED_MODEL, weight: 1, targets: [SCRIPTED_MODEL] }],
  });
  const file = join(dir, "registry.yaml");
  writeFileSync(file, stringify(registry));
  return file;
}
