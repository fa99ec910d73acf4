import type { FinishKind } from "../finish.ts";

/** The status of a response, or why it is incomplete. */
const FINISH_KINDS: ReadonlyMap<string, FinishKind> = new Map([
  ["completed", "stop"],
  ["max_output_tokens", "length"],
  ["content_filter", "content_filter"],
]);

/**
 * What the end of a response means; null where none was sent. A response is also completed when it waits for tools that
 * the client runs.
 */
export function finishKind(finishReason: string | null, callsTools: boolean): FinishKind | null {
  if (finishReason === null) return null;
  const kind = FINISH_KINDS.get(finishReason) ?? "other";
  return kind === "stop" && callsTools ? "tool_calls" : kind;
}
