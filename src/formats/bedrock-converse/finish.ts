import type { FinishKind } from "../finish.ts";

/** `stopReason` (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html, Response Elements). */
const FINISH_KINDS: ReadonlyMap<string, FinishKind> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["guardrail_intervened", "content_filter"],
  ["content_filtered", "content_filter"],
]);

/** What a reason to stop means. */
export function finishKind(stopReason: string): FinishKind {
  return FINISH_KINDS.get(stopReason) ?? "other";
}
