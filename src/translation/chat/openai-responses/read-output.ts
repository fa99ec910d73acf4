import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import { answeredArguments } from "../arguments.ts";
import type { Part, ReasoningPart } from "../conversation.ts";
import { defined, dropped } from "../members.ts";
import { readSeal } from "./signature.ts";

/** What a model gave, part by part. It is read loosely: what is none of its dialect is left out and told. */
export function readOutput(output: readonly JsonValue[], pointer: string, warn: Warn): Part[] {
  return output.flatMap((item, index) => {
    const at = `${pointer}/${index}`;
    if (isJsonObject(item)) return readItem(item, at, warn);
    dropped(warn, at, "an item must be an object");
    return [];
  });
}

function readItem(item: JsonObject, at: string, warn: Warn): Part[] {
  if (item.type === "message") return readMessage(item, at, warn);
  if (item.type === "function_call") return [{ ...readCall(item), at }];
  if (item.type === "reasoning") return readReasoning(item, at, warn);
  dropped(warn, at, "an item of a tool that the provider ran has no counterpart");
  return [];
}

function readMessage(item: JsonObject, at: string, warn: Warn): Part[] {
  return objectsOf(item.content).flatMap((content, index): Part[] => {
    const place = `${at}/content/${index}`;
    if (content.type === "refusal") return [{ kind: "refusal", text: textOf(content.refusal), at: place }];
    if (content.type !== "output_text" && content.type !== "text") {
      dropped(warn, place, "content of this type has no counterpart");
      return [];
    }
    tellExtras(content, place, warn);
    return [{ kind: "text", text: textOf(content.text), at: place }];
  });
}

/** What stands beside a text. */
export function tellExtras(content: JsonObject, place: string, warn: Warn): void {
  for (const key of ["annotations", "logprobs"]) {
    const list = content[key];
    if (Array.isArray(list) && list.length > 0)
      dropped(warn, `${place}/${key}`, "what stands beside a text has no counterpart");
  }
}

export function readCall(item: JsonObject) {
  const id = textOf(item.call_id) || textOf(item.id);
  return {
    kind: "tool_call",
    id,
    name: textOf(item.name),
    arguments: answeredArguments(item.arguments),
  } as const;
}

/** A part for each piece, of the reasoning itself where it is there; what seals them is with the last. */
function readReasoning(item: JsonObject, at: string, warn: Warn): ReasoningPart[] {
  const content = objectsOf(item.content).map(({ text }) => textOf(text));
  const summary = objectsOf(item.summary).map(({ text }) => textOf(text));
  if (content.length > 0 && summary.some((text) => text !== ""))
    dropped(warn, `${at}/summary`, "the reasoning itself is there");
  const seal = readSeal(textOf(item.encrypted_content));
  const id = textOf(item.id) || undefined;
  const texts = (content.length > 0 ? content : summary).filter((text) => text !== "");
  if (texts.length === 0) {
    return seal.encrypted === undefined && seal.signature === undefined
      ? []
      : [{ kind: "reasoning", text: "", ...defined({ id }), ...seal, at }];
  }
  return texts.map((text, index) => ({
    kind: "reasoning",
    text,
    ...defined({ id }),
    ...(index === texts.length - 1 ? seal : {}),
    at,
  }));
}

export function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
