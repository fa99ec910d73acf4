import type { Warn } from "../../translation.ts";
import { inputOf } from "../arguments.ts";
import type { CachePoint, Part, ReasoningPart, Role, ToolCallPart, ToolResultPart } from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";
import { turnOrder } from "../turn-order.ts";
import { sealed } from "./sealed.ts";
import { writeMedia } from "./write-media.ts";

/** Content blocks. Thinking comes first in a turn and calls last; texts that are empty are left out: Bedrock refuses them. */
export function writeBlocks(parts: readonly Part[], role: Role, warn: Warn): readonly object[] {
  return turnOrder(parts, role).flatMap((part) => {
    const blocks = writePart(part, role, warn);
    const cache = "cache" in part ? part.cache : undefined;
    return cache === undefined || blocks.length === 0
      ? blocks
      : [...blocks, cachePoint(cache, part.at, warn)];
  });
}

function writePart(part: Part, role: Role, warn: Warn): readonly object[] {
  switch (part.kind) {
    case "text":
      return part.text === "" ? [] : [{ text: part.text }];
    case "refusal":
      changed(warn, part.at ?? "/messages", "a refusal becomes text");
      return part.text === "" ? [] : [{ text: part.text }];
    case "reasoning":
      return writeReasoning(part, warn);
    case "tool_call":
      return [writeCall(part, warn)];
    case "tool_result":
      return [writeResult(part, warn)];
    default:
      if (role === "user" || role === "tool") return writeMedia(part, warn);
      dropped(warn, part.at ?? "/messages", "only the user's messages have media");
      return [];
  }
}

/** Thinking that its provider cannot check is refused. */
function writeReasoning(part: ReasoningPart, warn: Warn): readonly object[] {
  const { text, signature, encrypted, id, at = "/messages" } = part;
  if (id !== undefined) dropped(warn, `${at}/id`, "thinking has no id here");
  const closed =
    encrypted === undefined ? [] : [{ reasoningContent: { redactedContent: sealed(encrypted) } }];
  if (signature !== undefined)
    return [{ reasoningContent: { reasoningText: { text, signature } } }, ...closed];
  if (text !== "") dropped(warn, at, "Bedrock takes no thinking without its signature");
  return closed;
}

function writeCall(part: ToolCallPart, warn: Warn): object {
  const { id, name, signature, at = "/messages" } = part;
  if (signature !== undefined) dropped(warn, at, "Bedrock's calls have no signature");
  return { toolUse: { toolUseId: callId(id, at, warn), name, input: inputOf(part, at, warn) } };
}

/** Bedrock's ids have letters, digits, and `_.:-`; others are written with `_` alike in the call and in its result. */
function callId(id: string, at: string, warn: Warn): string {
  if (/^[\w.:-]+$/.test(id)) return id;
  changed(warn, at, "an id of a call has characters that Bedrock does not take");
  return id === "" ? "_" : id.replace(/[^\w.:-]/g, "_");
}

function writeResult(part: ToolResultPart, warn: Warn): object {
  const { callId: id, name, content, json, isError, at = "/messages" } = part;
  if (name !== undefined) dropped(warn, `${at}/name`, "a result is told by its call alone");
  return {
    toolResult: defined({
      toolUseId: callId(id, at, warn),
      content: json === undefined ? writeBlocks(content, "tool", warn) : [{ json }],
      status: isError === true ? "error" : undefined,
    }),
  };
}

/** The prompt up to here is to be cached. */
export function cachePoint({ ttl }: CachePoint, at: string | undefined, warn: Warn): object {
  const isKnown = ttl === "5m" || ttl === "1h";
  if (ttl !== undefined && !isKnown)
    changed(warn, at ?? "/messages", "Bedrock caches for five minutes or an hour");
  return { cachePoint: { type: "default", ...(isKnown ? { ttl } : {}) } };
}
