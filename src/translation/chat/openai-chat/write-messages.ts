import type { Warn } from "../../translation.ts";
import type { MediaPart, Message, Part, ReasoningPart, ToolResultPart } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { writeCallSignature } from "./call-signature.ts";
import { writePart } from "./write-parts.ts";

/** Each result of a tool is a message of its own, and what it has besides text follows in a message of the user. */
export function writeMessages(messages: readonly Message[], warn: Warn): readonly object[] {
  const written = messages.flatMap((message): readonly object[] => {
    if (message.role === "tool") return writeResults(message, warn);
    if (message.role === "assistant") return [writeAnswer(message, warn)];
    return [writeSaid(message, warn)];
  });
  const last = messages.at(-1);
  if (last?.role === "assistant")
    changed(warn, last.at ?? "/messages", "OpenAI answers after this message instead of going on with it");
  return written;
}

function writeSaid({ role, name, parts }: Message, warn: Warn): object {
  return defined({ role, name, content: contentOf(parts, warn) });
}

/** One text without more is written as such: some servers take no parts. */
function contentOf(parts: readonly Part[], warn: Warn): string | readonly object[] {
  const [first] = parts;
  if (parts.length === 1 && first?.kind === "text" && first.cache === undefined) return first.text;
  if (parts.length === 0) return "";
  return parts.flatMap((part) => writePart(part, warn));
}

/** The order between text, thinking and calls is lost: here each has a member of its own. */
function writeAnswer({ name, parts }: Message, warn: Warn): object {
  const calls = parts.filter((part) => part.kind === "tool_call");
  const said = parts.filter(({ kind }) => kind !== "tool_call" && kind !== "reasoning");
  const texts = said.filter((part) => {
    const fits = part.kind === "text" || part.kind === "refusal";
    if (!fits) dropped(warn, part.at ?? "/messages", "an answer of OpenAI's has no part of this kind");
    return fits;
  });
  return defined({
    role: "assistant",
    name,
    content: texts.length === 0 ? (calls.length === 0 ? "" : null) : contentOf(texts, warn),
    ...writeReasoning(
      parts.filter((part) => part.kind === "reasoning"),
      warn,
    ),
    tool_calls: calls.length === 0 ? undefined : calls.map((call) => writeCall(call, warn)),
  });
}

/**
 * Thinking as servers carry it that speak this dialect: the text in `reasoning_content`, and what proves it to its
 * provider in LiteLLM's `thinking_blocks`.
 */
export function writeReasoning(parts: readonly ReasoningPart[], warn: Warn): object {
  if (parts.length === 0) return {};
  const text = parts.map((part) => part.text).join("");
  for (const { id, at = "/messages" } of parts)
    if (id !== undefined) dropped(warn, `${at}/id`, "thinking has no id here");
  const isProved = parts.some(
    ({ signature, encrypted }) => signature !== undefined || encrypted !== undefined,
  );
  return defined({
    reasoning_content: text === "" ? undefined : text,
    thinking_blocks: isProved ? parts.flatMap(writeBlocks) : undefined,
  });
}

function writeBlocks({ text, signature, encrypted }: ReasoningPart): readonly object[] {
  const sealed = encrypted === undefined ? [] : [{ type: "redacted_thinking", data: encrypted }];
  if (text === "" && signature === undefined) return sealed;
  return [defined({ type: "thinking", thinking: text, signature }), ...sealed];
}

function writeCall(call: Extract<Part, { kind: "tool_call" }>, warn: Warn): object {
  const { id, name, signature, cache, at = "/messages" } = call;
  if (cache !== undefined) dropped(warn, `${at}/cache_control`, "OpenAI caches no calls on request");
  return {
    id,
    type: "function",
    function: { name, arguments: call.arguments },
    ...writeCallSignature(signature),
  };
}

function writeResults({ parts }: Message, warn: Warn): readonly object[] {
  const results = parts.filter((part) => part.kind === "tool_result");
  const shown = results.flatMap(({ content }) => content.filter((part) => part.kind !== "text"));
  for (const { at = "/messages" } of shown)
    changed(warn, at, "the results of tools are text: it follows in a message of the user");
  const messages = results.map((result) => writeResult(result, warn));
  if (shown.length === 0) return messages;
  return [...messages, { role: "user", content: shown.flatMap((part: MediaPart) => writePart(part, warn)) }];
}

function writeResult(result: ToolResultPart, warn: Warn): object {
  const { callId, content, json, isError, cache, at = "/messages" } = result;
  if (isError === true) dropped(warn, `${at}/is_error`, "OpenAI's results do not say that a tool failed");
  if (cache !== undefined) dropped(warn, `${at}/cache_control`, "OpenAI caches no results on request");
  const texts: Part[] = content.filter((part) => part.kind === "text");
  if (json !== undefined) texts.unshift({ kind: "text", text: JSON.stringify(json) });
  if (texts.length === 0 && content.length > 0) {
    invented(warn, at, "OpenAI demands text of a result");
    texts.push({ kind: "text", text: SHOWN_BELOW });
  }
  return { role: "tool", tool_call_id: callId, content: contentOf(texts, warn) };
}

const SHOWN_BELOW = "The result follows in the next message.";
