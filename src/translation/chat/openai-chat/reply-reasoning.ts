import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import type { ReasoningPart } from "../conversation.ts";
import { textOf } from "../loose.ts";
import { defined } from "../members.ts";

/** Members of a message in which servers put the thinking, the fullest form first. All forms say the same. */
export const REASONING_MEMBERS = [
  "thinking_blocks",
  "reasoning_details",
  "reasoning_content",
  "reasoning",
  "reasoning_signature",
] as const;

/** The thinking in a whole message of an answer. */
export function replyReasoning(message: JsonObject): readonly ReasoningPart[] {
  const forms = [
    listOf(message.thinking_blocks).flatMap(blockOf),
    listOf(message.reasoning_details).flatMap(detailOf),
    plainOf(message),
    listOf(message.content).flatMap(thinkingOf),
  ];
  return forms.find((form) => form.length > 0) ?? [];
}

function plainOf(message: JsonObject): ReasoningPart[] {
  const text = textOf(message.reasoning_content) ?? textOf(message.reasoning);
  const signature = textOf(message.reasoning_signature);
  return text === undefined ? [] : [{ kind: "reasoning", text, ...defined({ signature }) }];
}

/** LiteLLM's. */
export function blockOf(block: JsonObject): ReasoningPart[] {
  if (block.type === "redacted_thinking") {
    const encrypted = textOf(block.data);
    return encrypted === undefined ? [] : [{ kind: "reasoning", text: "", encrypted }];
  }
  const text = textOf(block.thinking);
  const signature = textOf(block.signature);
  if (text === undefined && signature === undefined) return [];
  return [{ kind: "reasoning", text: text ?? "", ...defined({ signature }) }];
}

/** OpenRouter's. */
function detailOf(detail: JsonObject): ReasoningPart[] {
  const text = textOf(detail.text) ?? textOf(detail.summary);
  const signature = textOf(detail.signature);
  const encrypted = textOf(detail.data);
  if (text === undefined && signature === undefined && encrypted === undefined) return [];
  return [{ kind: "reasoning", text: text ?? "", ...defined({ signature, encrypted }) }];
}

/** Mistral's parts of the content: a text, or text parts. */
export function thinkingOf(part: JsonObject): ReasoningPart[] {
  if (part.type !== "thinking") return [];
  const { thinking } = part;
  const text =
    typeof thinking === "string"
      ? thinking
      : listOf(thinking)
          .map((piece) => textOf(piece.text) ?? "")
          .join("");
  return text === "" ? [] : [{ kind: "reasoning", text }];
}

export function listOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? (value as readonly JsonValue[]).filter(isJsonObject) : [];
}
