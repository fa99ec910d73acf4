import { RegentError } from "../../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { TOOL_CALLS_MAX } from "../../../formats/bounds.ts";
import { CANDIDATES_MAX } from "../../../formats/gemini-generate/answer.ts";
import { finishKind, finishName } from "../../../formats/gemini-generate/finish.ts";
import { readUsage } from "../../../formats/gemini-generate/usage.ts";
import { parse } from "../../../formats/loose.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { Choice, Failure, Part, Reply } from "../conversation.ts";
import { answerOrFailure, tellUnread, textOf } from "../loose.ts";
import { defined } from "../members.ts";
import { AnswerParts } from "./answer-parts.ts";
import { readFailure } from "./failure.ts";
import { wholeUsage } from "./usage.ts";

/**
 * A GenerateContentResponse (https://ai.google.dev/api/generate-content#generatecontentresponse), read loosely.
 *
 * @throws RegentError upstream_invalid when it is none
 */
export function readReply(
  bytes: Buffer,
  facts: AnswerFacts,
  warn: Warn,
): Reply | { readonly failure: Failure } {
  const { status } = facts;
  const read = answerOrFailure(unwrapped(bytes, status), (object) => readFailure(object, status));
  if ("failure" in read) return read;
  const body = read.object;
  const choices = readChoices(body, facts, warn);
  if (choices === undefined) throw new RegentError("upstream_invalid", "The answer has no candidates.");
  tellUnread(body, REPLY_MEMBERS, "", warn);
  return { ...headOf(body), ...defined({ usage: wholeUsage(readUsage(body.usageMetadata)) }), choices };
}

/** Errors of streams come in an array of one. */
function unwrapped(bytes: Buffer, status: number): Buffer {
  if (status < 400 || bytes[0] !== 0x5b) return bytes;
  const value = parse(bytes.toString("utf8"));
  const first = Array.isArray(value) ? (value as readonly JsonValue[])[0] : undefined;
  return isJsonObject(first) ? Buffer.from(JSON.stringify(first)) : bytes;
}

/** What a body or an event says of the whole answer. */
export function headOf(body: JsonObject): Pick<Reply, "id" | "model" | "createdS"> {
  const createdMs = typeof body.createTime === "string" ? Date.parse(body.createTime) : Number.NaN;
  return defined({
    id: textOf(body.responseId),
    model: textOf(body.modelVersion),
    createdS: Number.isNaN(createdMs) ? undefined : Math.floor(createdMs / 1000),
  });
}

/** A prompt that is blocked has no candidates: it is one choice in which nothing is said. */
function readChoices(body: JsonObject, facts: AnswerFacts, warn: Warn): readonly Choice[] | undefined {
  const candidates = Array.isArray(body.candidates)
    ? (body.candidates as readonly JsonValue[]).filter(isJsonObject)
    : [];
  if (candidates.length > CANDIDATES_MAX)
    throw new RegentError("upstream_invalid", "The answer has too many candidates.");
  const block = blockReason(body);
  if (candidates.length > 0)
    return inOrder(candidates).map((candidate, index) => readChoice(candidate, index, facts, warn));
  if (block === undefined) return Array.isArray(body.candidates) ? [] : undefined;
  return [{ parts: [{ kind: "text", text: "" }], finish: "content_filter", rawFinish: block }];
}

/** Why nothing is answered to this prompt. */
export function blockReason({ promptFeedback }: JsonObject): string | undefined {
  const reason = isJsonObject(promptFeedback) ? promptFeedback.blockReason : undefined;
  return typeof reason === "number" ? String(reason) : textOf(reason);
}

function inOrder(candidates: readonly JsonObject[]): readonly JsonObject[] {
  const index = (candidate: JsonObject) => (typeof candidate.index === "number" ? candidate.index : 0);
  return candidates.toSorted((a, b) => index(a) - index(b));
}

function readChoice(candidate: JsonObject, index: number, facts: AnswerFacts, warn: Warn): Choice {
  tellUnread(candidate, CANDIDATE_MEMBERS, "/candidates", warn);
  const answer = new AnswerParts(index, facts.id, warn);
  const parts: Part[] = partsOf(candidate).flatMap((part) => answer.read(part));
  const calls = parts.filter(({ kind }) => kind === "tool_call").length;
  if (calls > TOOL_CALLS_MAX)
    throw new RegentError("upstream_invalid", "The answer has too many tool calls.");
  const reason = reasonOf(candidate);
  return {
    parts,
    finish: reason === undefined ? undefined : finishKind(reason, calls > 0),
    ...defined({ rawFinish: reason }),
  };
}

export function partsOf({ content }: JsonObject): readonly JsonObject[] {
  const parts = isJsonObject(content) ? content.parts : undefined;
  return Array.isArray(parts) ? (parts as readonly JsonValue[]).filter(isJsonObject) : [];
}

export function reasonOf({ finishReason }: JsonObject): string | undefined {
  return typeof finishReason === "number" ? finishName(finishReason) : textOf(finishReason);
}

/** Members that are read, or that say nothing to the client of another dialect. */
export const REPLY_MEMBERS: ReadonlySet<string> = new Set([
  "candidates",
  "promptFeedback",
  "usageMetadata",
  "modelVersion",
  "responseId",
  "createTime",
]);
export const CANDIDATE_MEMBERS: ReadonlySet<string> = new Set([
  "index",
  "content",
  "finishReason",
  "finishMessage",
  "tokenCount",
  "avgLogprobs",
  "safetyRatings",
]);
