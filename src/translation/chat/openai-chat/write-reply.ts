import type { AnswerFacts, TranslatedResponse, Warn } from "../../translation.ts";
import type { Choice, Part, Reply } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { writeCallSignature } from "./call-signature.ts";
import { finishReason } from "./finish.ts";
import { writeUsage } from "./usage.ts";
import { writeReasoning } from "./write-messages.ts";

/** A chat completion of OpenAI's. */
export function writeReply(reply: Reply, facts: AnswerFacts, warn: Warn): TranslatedResponse {
  const { id, createdS, model, choices, usage, serviceTier } = reply;
  const body = defined({
    id: id ?? `chatcmpl-${facts.id}`,
    object: "chat.completion",
    created: createdS ?? facts.nowS,
    model: model ?? facts.model ?? "",
    choices: choices.map((choice, index) => writeChoice(choice, index, warn)),
    usage: usage === undefined ? undefined : writeUsage(usage),
    service_tier: serviceTier,
  });
  return { bytes: Buffer.from(JSON.stringify(body)), contentType: "application/json", headers: [] };
}

function writeChoice(choice: Choice, index: number, warn: Warn): object {
  const { parts, finish, stopSequence } = choice;
  const calls = parts.filter((part) => part.kind === "tool_call");
  if (stopSequence !== undefined) dropped(warn, "/stop_sequence", "OpenAI does not say which one was met");
  return {
    index,
    message: defined({
      role: "assistant",
      content: textOf(parts),
      refusal: refusalOf(parts),
      ...writeReasoning(
        parts.filter((part) => part.kind === "reasoning"),
        warn,
      ),
      tool_calls: calls.length === 0 ? undefined : calls.map(writeCall),
      ...writeShown(parts, warn),
    }),
    logprobs: null,
    finish_reason: finishReason(finish, calls.length > 0, warn) ?? (calls.length > 0 ? "tool_calls" : "stop"),
  };
}

function textOf(parts: readonly Part[]): string | null {
  const texts = parts.filter((part) => part.kind === "text");
  return texts.length === 0 ? null : texts.map(({ text }) => text).join("");
}

function refusalOf(parts: readonly Part[]): string | null {
  const refusals = parts.filter((part) => part.kind === "refusal");
  return refusals.length === 0 ? null : refusals.map(({ text }) => text).join("");
}

function writeCall({ id, name, arguments: given, signature }: Extract<Part, { kind: "tool_call" }>): object {
  return { id, type: "function", function: { name, arguments: given }, ...writeCallSignature(signature) };
}

/** Images in an answer stand where OpenRouter puts them. */
function writeShown(parts: readonly Part[], warn: Warn): object {
  const urls = parts.flatMap((part) => {
    if (part.kind !== "image" && part.kind !== "audio" && part.kind !== "video" && part.kind !== "document")
      return [];
    if (part.kind === "image" && part.source.from === "base64")
      return [`data:${part.source.mediaType};base64,${part.source.data}`];
    if (part.kind === "image" && part.source.from === "url") return [part.source.url];
    dropped(warn, part.at ?? "/content", `OpenAI's answers have no ${part.kind}`);
    return [];
  });
  if (urls.length === 0) return {};
  return { images: urls.map((url) => ({ type: "image_url", image_url: { url } })) };
}
