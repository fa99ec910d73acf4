import type { FinishKind } from "../finish.ts";

/** `stop_reason` (https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons). */
const FINISH_KINDS: ReadonlyMap<string, FinishKind> = new Map([
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["tool_use", "tool_calls"],
  ["refusal", "content_filter"],
  ["pause_turn", "pause"],
]);

/** What a reason to stop means. */
export function finishKind(stopReason: string): FinishKind {
  return FINISH_KINDS.get(stopReason) ?? "other";
}
