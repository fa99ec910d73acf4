import type { JsonObject, JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { JsonDocument } from "../../../wire/json/index.ts";
import type { Warn } from "../../translation.ts";
import { isExact } from "../arguments.ts";
import type { CachePoint, MediaPart, Part, TextPart, ToolCallPart, ToolResultPart } from "../conversation.ts";
import { changed, defined, dropped, Members } from "../members.ts";
import { readSource } from "./read-source.ts";

/**
 * The `content` of a message, of a result or of a document: a text, or blocks.
 *
 * @param document where calls have their arguments from, as they were spelt; undefined where there can be none
 */
export function readContent(
  content: JsonValue | undefined,
  at: string,
  document: JsonDocument | undefined,
  warn: Warn,
): readonly Part[] {
  if (content === undefined) return [];
  if (typeof content === "string") return [{ kind: "text", text: content, at }];
  if (!Array.isArray(content)) throw invalid(`${at} must be a text or an array of blocks`);
  return (content as readonly JsonValue[]).flatMap((value, index) => {
    const block = new Members(value, `${at}/${index}`);
    const parts = readBlock(block, document, warn);
    if (parts === undefined) {
      dropped(warn, block.pointer, "a block of this type has no counterpart");
      return [];
    }
    block.tellRest(warn);
    return parts;
  });
}

/** Undefined for what the provider runs or keeps by itself, and for types that are not known. */
function readBlock(
  block: Members,
  document: JsonDocument | undefined,
  warn: Warn,
): readonly Part[] | undefined {
  const at = block.pointer;
  switch (block.needText("type")) {
    case "text":
      return [{ kind: "text", text: block.needText("text"), ...cacheOf(block, warn), at }];
    case "image":
      return readSource(block, "image", { ...cacheOf(block, warn), at }, warn);
    case "document":
      return readSource(
        block,
        "document",
        { ...defined({ name: block.text("title") }), ...cacheOf(block, warn), at },
        warn,
      );
    case "search_result":
      return [readSearchResult(block, warn)];
    case "thinking":
      return [
        {
          kind: "reasoning",
          text: block.text("thinking") ?? "",
          ...defined({ signature: block.text("signature") || undefined }),
          at,
        },
      ];
    case "redacted_thinking":
      return [{ kind: "reasoning", text: "", encrypted: block.needText("data"), at }];
    case "tool_use":
      return document === undefined ? undefined : [readCall(block, document, warn)];
    case "tool_result":
      return document === undefined ? undefined : [readResult(block, warn)];
    default:
      return undefined;
  }
}

/** What was found becomes the text that it is for the model. */
function readSearchResult(block: Members, warn: Warn): TextPart {
  const title = block.text("title");
  const source = block.text("source");
  const texts = readContent(block.value("content"), block.at("content"), undefined, warn);
  changed(warn, block.pointer, "a search result becomes text");
  const lines = [title, source, ...texts.map((part) => (part.kind === "text" ? part.text : undefined))];
  return {
    kind: "text",
    text: lines.filter((line) => line !== undefined).join("\n"),
    ...cacheOf(block, warn),
    at: block.pointer,
  };
}

function readCall(block: Members, document: JsonDocument, warn: Warn): ToolCallPart {
  const input = block.json("input") ?? {};
  return {
    kind: "tool_call",
    id: block.needText("id"),
    name: block.needText("name"),
    arguments: textOfInput(input, block.at("input"), document),
    ...cacheOf(block, warn),
    at: block.pointer,
  };
}

/** A number that a double cannot hold keeps its spelling. */
function textOfInput(input: JsonObject, at: string, document: JsonDocument): string {
  return (isExact(input) ? undefined : document.raw(at)) ?? JSON.stringify(input);
}

function readResult(block: Members, warn: Warn): ToolResultPart {
  const parts = readContent(block.value("content"), block.at("content"), undefined, warn);
  const content = parts.filter((part): part is TextPart | MediaPart => {
    const fits = part.kind !== "reasoning" && part.kind !== "refusal";
    if (!fits) dropped(warn, part.at ?? block.pointer, "a result has no block of this type");
    return fits && part.kind !== "tool_call" && part.kind !== "tool_result";
  });
  return {
    kind: "tool_result",
    callId: block.needText("tool_use_id"),
    content,
    ...defined({ isError: block.flag("is_error") }),
    ...cacheOf(block, warn),
    at: block.pointer,
  };
}

function cacheOf(block: Members, warn: Warn): { readonly cache?: CachePoint } {
  return defined({ cache: readCache(block, warn) });
}

export function readCache(block: Members, warn: Warn): CachePoint | undefined {
  const control = block.object("cache_control");
  if (control === undefined) return undefined;
  if (control.text("type") !== "ephemeral") {
    dropped(warn, control.pointer, "a cache of this type is not known");
    return undefined;
  }
  const ttl = control.text("ttl");
  control.tellRest(warn);
  return defined({ ttl });
}
