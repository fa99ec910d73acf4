import type { JsonObject } from "../../../exchange/json.ts";
import { isJsonObject } from "../../../exchange/json.ts";
import type { FinishKind } from "../../../formats/finish.ts";
import { finishKind } from "../../../formats/openai-responses/finish.ts";
import type { Warn } from "../../translation.ts";
import { changed } from "../members.ts";

type Finish = { readonly finish: FinishKind | undefined; readonly rawFinish?: string };

/** Why a response ended: its status, or the reason for which it is incomplete. */
export function readFinish({ status, incomplete_details: details }: JsonObject, hasCalls: boolean): Finish {
  const reason = isJsonObject(details) ? details.reason : undefined;
  const raw = status === "incomplete" && typeof reason === "string" ? reason : status;
  if (typeof raw !== "string") return { finish: undefined };
  return { finish: finishKind(raw, hasCalls) ?? undefined, rawFinish: raw };
}

export type Ending = {
  readonly status: "completed" | "incomplete";
  readonly incomplete_details: { readonly reason: string } | null;
};

/** How a response says why it ended. What a model refuses in its own words is a whole answer. */
export function writeFinish(finish: FinishKind | undefined, hasRefusal: boolean, warn: Warn): Ending {
  if (finish === "length") return incomplete("max_output_tokens");
  if (finish === "content_filter" && !hasRefusal) return incomplete("content_filter");
  if (finish === "pause") {
    changed(warn, "/stop_reason", "a pause is an answer that is incomplete for no reason that is named");
    return { status: "incomplete", incomplete_details: null };
  }
  if (finish === "other") changed(warn, "/stop_reason", "a response has no such reason to end");
  return { status: "completed", incomplete_details: null };
}

function incomplete(reason: string): Ending {
  return { status: "incomplete", incomplete_details: { reason } };
}
