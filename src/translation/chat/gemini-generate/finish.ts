import type { FinishKind } from "../../../formats/finish.ts";
import type { Warn } from "../../translation.ts";
import { changed } from "../members.ts";

/** The `finishReason` for why an answer ended. Calls that the client has to run end with `STOP`. */
export function finishReason(finish: FinishKind, warn: Warn): string {
  if (finish === "pause") changed(warn, "/stop_reason", "Gemini's answers do not pause");
  return REASONS[finish];
}

const REASONS: { readonly [K in FinishKind]: string } = {
  stop: "STOP",
  tool_calls: "STOP",
  length: "MAX_TOKENS",
  content_filter: "SAFETY",
  pause: "OTHER",
  other: "OTHER",
};
