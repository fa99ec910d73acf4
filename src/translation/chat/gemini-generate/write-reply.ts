import type { AnswerFacts, TranslatedResponse, Warn } from "../../translation.ts";
import type { Choice, Reply } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { assertCandidates } from "./candidates.ts";
import { finishReason } from "./finish.ts";
import { writeUsage } from "./usage.ts";
import { writeAnswerPart } from "./write-answer-part.ts";

/** A GenerateContentResponse. */
export function writeReply(reply: Reply, facts: AnswerFacts, warn: Warn): TranslatedResponse {
  const { id, createdS, model, choices, usage, serviceTier } = reply;
  assertCandidates(choices.length);
  if (serviceTier !== undefined) dropped(warn, "/service_tier", "Gemini's answers do not say it");
  const body = defined({
    candidates: choices.map((choice, index) => writeCandidate(choice, index, warn)),
    usageMetadata: usage === undefined ? undefined : writeUsage(usage),
    modelVersion: model ?? facts.model,
    createTime: new Date((createdS ?? facts.nowS) * 1000).toISOString(),
    responseId: id ?? facts.id,
  });
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: "application/json", headers: [] };
}

function writeCandidate({ parts, finish, stopSequence }: Choice, index: number, warn: Warn): object {
  if (stopSequence !== undefined) dropped(warn, "/stop_sequence", "Gemini does not say which one was met");
  return defined({
    content: { role: "model", parts: parts.flatMap((part) => writeAnswerPart(part, warn)) },
    finishReason: finish === undefined ? undefined : finishReason(finish, warn),
    index,
  });
}
