import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { JsonObject, JsonValue } from "../../src/exchange/json.ts";
import { loadForEvaluation } from "../../src/policy/load.ts";
import { resultValue } from "../../src/policy/result.ts";

/** An input to log a decision about, and what the event says besides. */
export type Asked = { readonly entrypoint: string; readonly input: JsonValue; readonly more?: JsonObject };

/** Has a bundle decide and writes the events as JSON lines. @returns the decision ids in their order */
export async function writeLog(file: string, bundle: string, asked: readonly Asked[]): Promise<string[]> {
  const ids: string[] = [];
  const lines: string[] = [];
  for (const { entrypoint, input, more } of asked) {
    const policy = await loadForEvaluation(bundle, entrypoint, () => {});
    const { result, nondeterministic } = policy.evaluate(entrypoint, input);
    ids.push(randomUUID());
    lines.push(
      JSON.stringify({
        decision_id: ids.at(-1),
        bundles: { main: { revision: "r1" } },
        path: entrypoint,
        input,
        ...(result === undefined ? {} : { result: resultValue(result) }),
        timestamp: new Date(Date.UTC(2026, 0, 1, 0, ids.length)).toISOString(),
        nd_builtin_cache: nondeterministic ?? {},
        ...more,
      }),
    );
  }
  await writeFile(file, `${lines.join("\n")}\n`);
  return ids;
}
