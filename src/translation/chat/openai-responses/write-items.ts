import type { JsonObject, JsonValue } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import type {
  Message,
  Part,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { sealOf } from "./signature.ts";
import { writePart } from "./write-content.ts";

/** The items of messages: each call, each result and each piece of reasoning is an item of its own. */
export function writeItems(messages: readonly Message[], warn: Warn): JsonObject[] {
  return messages.flatMap((message, index) => {
    const place = message.at ?? `/messages/${index}`;
    if (message.name !== undefined) dropped(warn, `${place}/name`, "messages have no names in this dialect");
    return writeMessage(message, place, warn);
  });
}

/** The parts in their order: those that are said together make a message, the others an item each. */
function writeMessage({ role, parts }: Message, place: string, warn: Warn): JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  const close = () => {
    if (content.length > 0) items.push({ type: "message", role: roleOf(role), content });
    content = [];
  };
  for (const part of parts) {
    const at = part.at ?? place;
    if (isSaid(part)) content.push(...writeSaid(part, role, at, warn));
    else {
      close();
      items.push(...writeItem(part, at, warn));
    }
  }
  close();
  return joinReasoning(items);
}

type Said = Exclude<Part, ReasoningPart | ToolCallPart | ToolResultPart>;

function isSaid(part: Part): part is Said {
  return part.kind !== "reasoning" && part.kind !== "tool_call" && part.kind !== "tool_result";
}

/** What a `tool` message says beside results is the user's: tools say nothing of their own. */
function roleOf(role: Message["role"]): string {
  return role === "tool" ? "user" : role;
}

function writeSaid(part: Said, role: Message["role"], place: string, warn: Warn): JsonObject[] {
  if (role !== "assistant") {
    return writePart(part.kind === "refusal" ? { ...part, kind: "text" } : part, place, warn);
  }
  if (part.kind === "refusal") return [{ type: "refusal", refusal: part.text }];
  if (part.kind === "text") {
    if (part.cache !== undefined)
      dropped(warn, place, "an answer is no place for the end of a cached prompt");
    return [{ type: "output_text", text: part.text, annotations: [] }];
  }
  dropped(warn, place, "a model's own messages have only text in this dialect");
  return [];
}

function writeItem(part: Exclude<Part, Said>, place: string, warn: Warn): JsonObject[] {
  if (part.kind === "reasoning") return writeReasoning(part, place, warn);
  if (part.cache !== undefined)
    dropped(warn, place, "a call or its result is no place for the end of a cache");
  if (part.kind === "tool_result") return [writeResult(part, place, warn)];
  if (part.signature !== undefined) dropped(warn, place, "a call has no signature in this dialect");
  return [{ type: "function_call", call_id: part.id, name: part.name, arguments: part.arguments }];
}

/** Only what the provider has sealed, or keeps, may be given back to it. */
function writeReasoning(part: ReasoningPart, place: string, warn: Warn): JsonObject[] {
  const seal = sealOf(part);
  if (seal === undefined && part.id === undefined) {
    dropped(warn, place, "reasoning can only be given back where the provider has encrypted it");
    return [];
  }
  const summary = part.text === "" ? [] : [{ type: "summary_text", text: part.text }];
  return [{ type: "reasoning", ...defined({ id: part.id, encrypted_content: seal }), summary }];
}

/** Pieces of one reasoning are one item again. */
function joinReasoning(items: readonly JsonObject[]): JsonObject[] {
  const joined: JsonObject[] = [];
  for (const item of items) {
    const last = joined.at(-1);
    const isSame = item.type === "reasoning" && last?.type === "reasoning" && item.id === last.id;
    if (!isSame || item.id === undefined) joined.push(item);
    else
      joined[joined.length - 1] = {
        ...last,
        ...item,
        summary: [...listOf(last.summary), ...listOf(item.summary)],
      };
  }
  return joined;
}

function listOf(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function writeResult(part: ToolResultPart, place: string, warn: Warn): JsonObject {
  if (part.isError === true) dropped(warn, place, "that a tool failed can only be said in its result");
  return { type: "function_call_output", call_id: part.callId, output: resultOf(part, place, warn) };
}

/** A text where the result is one, else its parts; JSON is a text in front of what else there is. */
function resultOf({ json, content }: ToolResultPart, place: string, warn: Warn): JsonValue {
  const text: TextPart[] = json === undefined ? [] : [{ kind: "text", text: JSON.stringify(json) }];
  const [only, ...more] = [...text, ...content];
  if (only === undefined) return "";
  if (more.length === 0 && isPlainText(only)) return only.text;
  return [only, ...more].flatMap((element) => writePart(element, element.at ?? place, warn));
}

function isPlainText(part: ToolResultPart["content"][number]): part is TextPart {
  return part.kind === "text" && part.cache === undefined;
}
