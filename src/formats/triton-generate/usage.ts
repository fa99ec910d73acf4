import type { Usage } from "../../exchange/inference.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { count, reportedUsage } from "../loose.ts";

/** The token counts that the backends give when the request asks for them; undefined when there are none. */
export function readUsage({
  num_input_tokens: input,
  num_output_tokens: output,
}: JsonObject): Usage | undefined {
  const usage = reportedUsage({
    input: count(input),
    output: count(output),
    cachedInput: undefined,
    cacheCreationInput: undefined,
    reasoning: undefined,
    total: undefined,
  });
  return Object.keys(usage).length === 0 ? undefined : usage;
}

/** In a stream the output tokens of an event are those of its own piece of text, so they add up. */
export function addUsage(before: Usage | undefined, more: Usage | undefined): Usage | undefined {
  if (before?.output === undefined || more?.output === undefined) return more && { ...before, ...more };
  return { ...before, ...more, output: before.output + more.output };
}
