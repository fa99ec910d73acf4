import type { FinishKind } from "../../../formats/finish.ts";
import type { Warn } from "../../translation.ts";
import { changed } from "../members.ts";

/** What an answer has in it that its reason to stop has to tell. */
export type Told = {
  readonly hasCalls: boolean;
  readonly hasRefusal: boolean;
  readonly hasStopSequence: boolean;
};

/** The `stop_reason` for why an answer ended. Calls that the client has to run, and refusals, always say so. */
export function stopReason(finish: FinishKind | undefined, told: Told, warn: Warn): string {
  switch (finish) {
    case "length":
      return "max_tokens";
    case "tool_calls":
      return "tool_use";
    case "content_filter":
      return "refusal";
    case "pause":
      return "pause_turn";
    default:
      if (finish === "other") changed(warn, "/finish_reason", "Anthropic has no such reason to stop");
      if (told.hasRefusal) return "refusal";
      if (told.hasCalls) return "tool_use";
      return told.hasStopSequence ? "stop_sequence" : "end_turn";
  }
}
