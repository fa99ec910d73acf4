import type { Warn } from "../../translation.ts";
import { argumentsObject } from "../arguments.ts";
import type { MediaPart, Part, ReasoningPart, ToolCallPart } from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";

/** A part of an answer. Unlike those of a request, calls have their ids: clients give them back with the results. */
export function writeAnswerPart(part: Part, warn: Warn): readonly object[] {
  switch (part.kind) {
    case "text":
      return [{ text: part.text }];
    case "refusal":
      changed(warn, "/refusal", "a refusal is text like any other");
      return [{ text: part.text }];
    case "reasoning":
      return writeThought(part, warn);
    case "tool_call":
      return [writeCall(part, warn)];
    case "tool_result":
      dropped(warn, "/content", "an answer has no results of the client's tools");
      return [];
    default:
      return writeMedia(part, warn);
  }
}

function writeThought({ text, signature, encrypted }: ReasoningPart, warn: Warn): readonly object[] {
  if (encrypted !== undefined) dropped(warn, "/content", "thoughts that are encrypted have no counterpart");
  if (text === "" && signature === undefined) return [];
  return [defined({ text, thought: true, thoughtSignature: signature })];
}

export function writeCall(call: ToolCallPart, warn: Warn): object {
  const args = argumentsObject(call.arguments);
  if (args === undefined) changed(warn, "/tool_calls", "the arguments are no JSON object");
  return {
    functionCall: { id: call.id, name: call.name, args: args ?? { arguments: call.arguments } },
    ...defined({ thoughtSignature: call.signature }),
  };
}

function writeMedia({ source, kind }: MediaPart, warn: Warn): readonly object[] {
  switch (source.from) {
    case "base64":
      return [{ inlineData: { mimeType: source.mediaType, data: source.data } }];
    case "url":
      return [{ fileData: defined({ mimeType: source.mediaType, fileUri: source.url }) }];
    case "text":
      return [{ text: source.text }];
    default:
      dropped(warn, "/content", `a ${kind} that the provider keeps has no counterpart`);
      return [];
  }
}
