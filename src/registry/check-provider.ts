import type { Fault, FaultAt, FaultPath } from "../document/fault.ts";

/** What of a target says whose it is, as it is written. */
export type ProviderSketch = {
  readonly format: string;
  readonly speaks: readonly string[];
  readonly key?: unknown;
  readonly keyAs?: unknown;
  readonly aws?: unknown;
  readonly vertex?: unknown;
  readonly azure?: unknown;
};

/** The dialects of which the paths are known there. */
const PROVIDERS = {
  vertex: { called: "Vertex AI", formats: ["gemini-generate"] },
  azure: {
    called: "Azure OpenAI",
    formats: ["openai-chat", "openai-completions", "openai-embeddings", "openai-responses"],
  },
} as const;

/** What the schema of a target cannot say: two providers at once, a dialect that one does not speak, a place without a key. */
export function checkProvider(target: ProviderSketch, path: FaultPath, faultAt: FaultAt): Fault[] {
  const { format, speaks, key, keyAs, aws, vertex, azure } = target;
  const faults: Fault[] = [];
  if (keyAs !== undefined && key === undefined)
    faults.push(faultAt([...path, "keyAs"], "no-key", "there is no key that could be sent so"));
  const named = Object.entries({ aws, vertex, azure }).filter(([, value]) => value !== undefined);
  for (const [second] of named.slice(1))
    faults.push(faultAt([...path, second], "two-providers", `a target is of ${named[0]?.[0]} or ${second}`));
  for (const [name, { called, formats }] of Object.entries(PROVIDERS)) {
    if (target[name as keyof typeof PROVIDERS] === undefined) continue;
    const known: readonly string[] = formats;
    if (format !== "" && !known.includes(format))
      faults.push(faultAt([...path, "format"], "format", `${called} is asked in ${formats.join(" or ")}`));
    for (const [index, other] of speaks.entries())
      if (other !== "" && !known.includes(other))
        faults.push(
          faultAt([...path, "speaks", index], "format", `${called} is asked in ${formats.join(" or ")}`),
        );
  }
  return faults;
}
