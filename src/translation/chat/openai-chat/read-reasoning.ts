import { isJsonObject, type JsonValue } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import type { ReasoningPart } from "../conversation.ts";
import { defined, dropped, Members } from "../members.ts";

/**
 * The thinking of an answer. OpenAI's own chat has none; servers put it beside `content`: as plain text
 * (`reasoning_content`, `reasoning`), with what proves it to the provider in `thinking_blocks` (LiteLLM),
 * `reasoning_details` (OpenRouter) or `reasoning_signature` (agentgateway). The fullest form counts, and the others say
 * the same again.
 */
export function readReasoning(message: Members, warn: Warn): readonly ReasoningPart[] {
  const blocks = (message.list("thinking_blocks") ?? []).flatMap((block, index) =>
    readBlock(block, `${message.at("thinking_blocks")}/${index}`, warn),
  );
  const details = (message.list("reasoning_details") ?? []).flatMap((detail, index) =>
    readDetail(detail, `${message.at("reasoning_details")}/${index}`, warn),
  );
  const signature = message.text("reasoning_signature");
  const plain = ["reasoning_content", "reasoning"].flatMap((key): ReasoningPart[] => {
    const text = message.text(key);
    return text === undefined || text === ""
      ? []
      : [{ kind: "reasoning", text, ...defined({ signature }), at: message.at(key) }];
  });
  const forms = [blocks, details, plain.slice(0, 1)];
  const chosen = forms.find((form) => form.length > 0) ?? [];
  const said = new Set([chosen.map(({ text }) => text).join(""), ...chosen.map(({ text }) => text)]);
  for (const part of [...blocks, ...details, ...plain]) {
    if (!chosen.includes(part) && !said.has(part.text))
      dropped(warn, part.at ?? message.pointer, "the thinking is there in a fuller form");
  }
  return chosen;
}

function readBlock(value: JsonValue, at: string, warn: Warn): ReasoningPart[] {
  const block = new Members(value, at);
  const type = block.needText("type");
  if (type !== "thinking" && type !== "redacted_thinking") {
    dropped(warn, at, "a block of this type has no counterpart");
    return [];
  }
  const part: ReasoningPart =
    type === "thinking"
      ? {
          kind: "reasoning",
          text: block.text("thinking") ?? "",
          ...defined({ signature: block.text("signature") || undefined }),
          at,
        }
      : { kind: "reasoning", text: "", encrypted: block.needText("data"), at };
  block.skip("cache_control");
  block.tellRest(warn);
  return [part];
}

function readDetail(value: JsonValue, at: string, warn: Warn): ReasoningPart[] {
  const detail = new Members(isJsonObject(value) ? value : {}, at);
  const type = detail.text("type");
  detail.skip("index");
  const id = detail.text("id");
  const read = { kind: "reasoning", ...defined({ id }), at } as const;
  const part = detailPart(detail, type, read);
  if (part === undefined) {
    dropped(warn, at, "a detail of this type has no counterpart");
    return [];
  }
  detail.tellRest(warn);
  return [part];
}

function detailPart(detail: Members, type: string | undefined, read: Omit<ReasoningPart, "text">) {
  switch (type) {
    case "reasoning.text":
      return {
        ...read,
        text: detail.text("text") ?? "",
        ...defined({ signature: detail.text("signature") || undefined }),
      };
    case "reasoning.summary":
      return { ...read, text: detail.text("summary") ?? "" };
    case "reasoning.encrypted":
      return { ...read, text: "", encrypted: detail.text("data") ?? "" };
    default:
      return undefined;
  }
}
