import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { packageFile } from "../../../src/document/package-root.ts";
import type { FormatName } from "../../../src/exchange/inference.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

/** The model of tensors: what clients call it, and what its one version is called at its server. */
export const MODEL = "tensors";
export const VERSION = "tensors-v7";

/** The demo's registry and policies, with one more model on a server that the test brings. */
export async function startTensorStack(format: FormatName, origin: string): Promise<Governed> {
  const dir = mkdtempSync(join(tmpdir(), "regent-tensors-"));
  const file = join(dir, "registry.yaml");
  const demo = parse(readFileSync(packageFile("policies", "demo", "registry.yaml"), "utf8")) as {
    targets: object[];
    models: object[];
  };
  const targets = [...demo.targets, { name: MODEL, region: "us", provider: "self", format }];
  const model = {
    name: MODEL,
    stage: "active",
    owner: "research",
    dataClasses: ["public", "internal", "personal"],
    versions: [{ name: VERSION, weight: 100, targets: [MODEL] }],
  };
  writeFileSync(file, stringify({ ...demo, targets, models: [...demo.models, model] }));
  const remove = () => rmSync(dir, { recursive: true, force: true });
  try {
    const stack = await startGoverned({
      config: (usual) => ({ ...usual, registry: { file } }),
      targets: [{ name: MODEL, origin }],
    });
    return { ...stack, stop: () => stack.stop().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}
