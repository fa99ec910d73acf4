import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonValue } from "../../src/exchange/json.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../../src/policy/engine.ts";
import type { PolicyLog } from "../../src/policy/log.ts";
import { buildBundle } from "../../src/policy/opa/build.ts";
import { DATA, rulesOf } from "./rules.ts";

export const ENTRYPOINT = "bench/decision";
export const BUNDLE_FILE = "bench.tar.gz";

const SILENT: PolicyLog = { info: () => {}, warn: () => {}, error: () => {} };

/** Builds Rego and the data of the rules to a bundle in a folder. @returns its path */
export async function buildRules(folder: string, rego: string, revision?: string): Promise<string> {
  const [source, data, output] = ["bench.rego", "data.json", BUNDLE_FILE].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  await writeFile(source, rego);
  await writeFile(data, JSON.stringify(DATA));
  const named = revision === undefined ? {} : { revision };
  await buildBundle({ paths: [source, data], output, entrypoints: [ENTRYPOINT], ...named });
  return output;
}

/** An engine as the sidecar has it, with so many rules. */
export async function engineOf(folder: string, rules: number): Promise<ManagedPolicyEngine> {
  const path = await buildRules(folder, rulesOf(rules));
  return createPolicyEngine({
    bundles: [{ name: "bench", path }],
    entrypoints: [ENTRYPOINT],
    log: SILENT,
    watch: false,
  });
}

/** One evaluation as a phase of an exchange does it. */
export async function decide(engine: ManagedPolicyEngine, input: Buffer): Promise<JsonValue | undefined> {
  return (await engine.for("").evaluate(ENTRYPOINT, input)).result;
}
