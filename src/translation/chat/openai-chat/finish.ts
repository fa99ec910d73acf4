import type { FinishKind } from "../../../formats/finish.ts";
import type { Warn } from "../../translation.ts";
import { changed } from "../members.ts";

/** The `finish_reason` for why an answer ended. Calls that the client has to run always say so. */
export function finishReason(finish: FinishKind | undefined, hasCalls: boolean, warn: Warn): string | null {
  if (finish === undefined) return null;
  if (finish === "pause" || finish === "other")
    changed(warn, "/stop_reason", "OpenAI has no such reason to finish");
  else if (finish !== "stop") return finish;
  return hasCalls ? "tool_calls" : "stop";
}
