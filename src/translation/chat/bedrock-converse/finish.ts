import type { FinishKind } from "../../../formats/finish.ts";
import type { Warn } from "../../translation.ts";
import { changed } from "../members.ts";

/** The `stopReason` for why an answer ended. Calls that the client has to run always say so. */
export function stopReason(
  finish: FinishKind | undefined,
  told: { readonly hasCalls: boolean; readonly hasStopSequence: boolean },
  warn: Warn,
): string {
  switch (finish) {
    case "length":
      return "max_tokens";
    case "tool_calls":
      return "tool_use";
    case "content_filter":
      return "content_filtered";
    default:
      if (told.hasCalls) return "tool_use";
      if (finish === "other" || finish === "pause")
        changed(warn, "/finish_reason", "Bedrock has no such reason to stop");
      return told.hasStopSequence ? "stop_sequence" : "end_turn";
  }
}
