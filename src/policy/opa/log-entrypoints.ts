import { runOpa } from "./opa.ts";
import type { Source } from "./sources.ts";

/** The rules that say what of a decision is logged, where OPA looks for them. */
const LOG_RULES = ["system/log/mask", "system/log/drop"];

/** A package of which the rules may be a part: OPA is asked about no others. */
const PACKAGE_SYSTEM = /^\s*package\s+system\b/m;

type Parsed = {
  readonly package: { readonly path: readonly Term[] };
  readonly rules?: readonly { readonly head: { readonly ref?: readonly Term[] } }[];
};
type Term = { readonly value: unknown };

/**
 * Those of the log's rules that the sources define. They are entrypoints whatever else is one: a mask that is there and
 * cannot be asked would be a mask that masks nothing. What OPA cannot parse is left to `opa build` to report.
 */
export async function logEntrypoints(opa: string, sources: readonly Source[]): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const { kind, path, content } of sources) {
    if (kind !== "policy" || !PACKAGE_SYSTEM.test(content.toString("utf8"))) continue;
    const run = await runOpa(opa, ["parse", "--format", "json", path]);
    if (run.status === 0) for (const rule of rulesOf(JSON.parse(run.stdout) as Parsed)) found.add(rule);
  }
  return LOG_RULES.filter((rule) => found.has(rule));
}

/** Paths of rules; of one that makes members, also that of the object they are members of. */
function rulesOf({ package: { path }, rules = [] }: Parsed): readonly string[] {
  const packagePath = path.slice(1).map(({ value }) => String(value));
  return rules.flatMap(({ head: { ref = [] } }) =>
    ref.map((_, index) =>
      [...packagePath, ...ref.slice(0, index + 1).map(({ value }) => String(value))].join("/"),
    ),
  );
}
