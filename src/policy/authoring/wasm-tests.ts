import { join } from "node:path";
import type { JsonValue } from "../../exchange/json.ts";
import { faultOf } from "../fault.ts";
import { loadForEvaluation } from "../load.ts";
import { CAPABILITIES_FILE, OpaError, runOpa } from "../opa/opa.ts";
import { resultValue } from "../result.ts";
import type { PolicyRevision } from "../revision.ts";
import type { RegoTest } from "./test.ts";

/** A test that ends in compiled Wasm otherwise than in OPA. */
export type WasmDifference = {
  readonly test: RegoTest;
  readonly outcome: "pass" | "fail" | "error";
  readonly message?: string;
};

/**
 * Compiles tests to Wasm, each an entrypoint, and evaluates them as the server evaluates policies.
 * @throws OpaError with OPA's words when they cannot be compiled
 */
export async function compareInWasm(
  opa: string,
  sources: readonly string[],
  tests: readonly RegoTest[],
  folder: string,
): Promise<readonly WasmDifference[]> {
  const ran = uniqueByEntrypoint(tests.filter(({ outcome }) => outcome !== "skip"));
  const [first] = ran;
  if (first === undefined) return [];
  const file = join(folder, "tests.tar.gz");
  const run = await runOpa(opa, [
    ...["build", "--target", "wasm", "--capabilities", CAPABILITIES_FILE, "--output", file],
    ...ran.flatMap((test) => ["--entrypoint", entrypointOf(test)]),
    "--",
    ...sources,
  ]);
  if (run.status !== 0) throw new OpaError((run.stderr || run.stdout).trim());
  return evaluateAll(await loadForEvaluation(file, entrypointOf(first), ignorePrints), ran);
}

/** OPA has shown what tests print. */
function ignorePrints(): void {}

function evaluateAll(revision: PolicyRevision, tests: readonly RegoTest[]): readonly WasmDifference[] {
  return tests.flatMap((test) => {
    const ended = outcomeOf(revision, entrypointOf(test));
    return ended.outcome === test.outcome ? [] : [{ test, ...ended }];
  });
}

function outcomeOf(revision: PolicyRevision, entrypoint: string): Omit<WasmDifference, "test"> {
  try {
    const { result } = revision.evaluate(entrypoint, undefined);
    return { outcome: holds(result === undefined ? undefined : resultValue(result)) ? "pass" : "fail" };
  } catch (error) {
    return { outcome: "error", message: faultOf(error) };
  }
}

/** A test holds when it is true; one with cases when all of them are. */
function holds(value: JsonValue | undefined): boolean {
  if (typeof value !== "object" || value === null) return value === true;
  const cases = Object.values(value);
  return cases.length > 0 && cases.every((one) => holds(one as JsonValue));
}

function uniqueByEntrypoint(tests: readonly RegoTest[]): readonly RegoTest[] {
  return [...new Map(tests.map((test) => [entrypointOf(test), test])).values()];
}

/** `data.a["b-c"].d` and `test_x` give `a/b-c/d/test_x`. */
function entrypointOf(test: RegoTest): string {
  const parts = test.package.matchAll(/\["((?:[^"\\]|\\.)*)"\]|([A-Za-z_]\w*)/g);
  const [, ...path] = [...parts].map(([, quoted, plain]) =>
    quoted === undefined ? plain : (JSON.parse(`"${quoted}"`) as string),
  );
  return [...path, test.name].join("/");
}
