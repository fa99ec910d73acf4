import type { FinishKind } from "../finish.ts";

/** `finish_reason` of a choice, and what compatible servers say instead (Mistral's `model_length`, the older `function_call`). */
const FINISH_KINDS: ReadonlyMap<string, FinishKind> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["model_length", "length"],
  ["tool_calls", "tool_calls"],
  ["function_call", "tool_calls"],
  ["content_filter", "content_filter"],
]);

/** What a reason to finish means; null where none was sent. */
export function finishKind(finishReason: string | null): FinishKind | null {
  return finishReason === null ? null : (FINISH_KINDS.get(finishReason) ?? "other");
}
