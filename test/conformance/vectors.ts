import { run } from "node:test";
import { packageFile } from "../../src/document/package-root.ts";

export type Counts = { readonly passed: number; readonly failed: number; readonly excepted: number };

/** The recorded answers of opa-envoy-plugin, each held by a test: input documents and decisions, and builtins. */
export const VECTOR_TESTS = {
  "opa-envoy vectors": packageFile("src", "envoy", "check", "opa-envoy.test.ts"),
  "builtin vectors": packageFile("src", "policy", "builtins", "vectors.test.ts"),
} as const;

/** Runs a file of tests and counts those that hold one vector each: their titles begin with its name. */
export async function runVectors(file: string): Promise<Counts & { readonly faults: readonly string[] }> {
  const faults: string[] = [];
  let passed = 0;
  for await (const event of run({ files: [file], concurrency: false })) {
    if (event.type !== "test:pass" && event.type !== "test:fail") continue;
    const { name, details, file: from } = event.data;
    if (details.type === "suite" || from === undefined) continue;
    if (event.type === "test:fail") faults.push(`${name}: ${event.data.details.error.message}`);
    else if (/^[\w.-]+: /.test(name)) passed += 1;
  }
  return { passed, failed: faults.length, excepted: 0, faults };
}
