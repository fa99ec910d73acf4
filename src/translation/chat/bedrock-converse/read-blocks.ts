import type { JsonObject, JsonValue } from "../../../exchange/json.ts";
import type { JsonDocument } from "../../../wire/json/index.ts";
import type { Warn } from "../../translation.ts";
import { isExact } from "../arguments.ts";
import type { CachePoint, Part, ReasoningPart, TextPart, ToolCallPart } from "../conversation.ts";
import { append, changed, defined, dropped, Members } from "../members.ts";
import { readMedia } from "./read-media.ts";
import { readResult } from "./read-result.ts";
import { openSealed } from "./sealed.ts";

/**
 * The blocks of a message or of the system prompt. A cache point belongs to the part in front of it.
 *
 * @param document where calls have their arguments from, as they were spelt; undefined where there can be none
 */
export function readContent(
  content: readonly JsonValue[] | undefined,
  at: string,
  document: JsonDocument | undefined,
  warn: Warn,
): readonly Part[] {
  const parts: Part[] = [];
  for (const [index, value] of (content ?? []).entries()) {
    const block = new Members(value, `${at}/${index}`);
    const point = block.object("cachePoint");
    if (point !== undefined) addCache(parts, point, warn);
    append(parts, readBlock(block, document, warn));
    block.tellRest(warn);
  }
  return parts;
}

function addCache(parts: Part[], point: Members, warn: Warn): void {
  const last = parts.at(-1);
  const cache = readCachePoint(point, warn);
  if (cache === undefined) return;
  if (last === undefined || last.kind === "reasoning" || last.kind === "refusal")
    dropped(warn, point.pointer, "there is nothing in front of it that can be cached");
  else parts[parts.length - 1] = { ...last, cache };
}

export function readCachePoint(point: Members, warn: Warn): CachePoint | undefined {
  const ttl = point.text("ttl");
  if (point.text("type") !== "default") {
    dropped(warn, point.pointer, "a cache of this type is not known");
    return undefined;
  }
  point.tellRest(warn);
  if (ttl === undefined || ttl === "5m" || ttl === "1h") return defined({ ttl });
  dropped(warn, point.at("ttl"), "a time of this length is not known");
  return {};
}

/** Nothing for what the provider runs by itself; what is not known is told by who has the block. */
function readBlock(block: Members, document: JsonDocument | undefined, warn: Warn): readonly Part[] {
  const at = block.pointer;
  const text = block.text("text");
  if (text !== undefined) return [{ kind: "text", text, at }];
  const media = readMedia(block, warn);
  if (media !== undefined) return media;
  const guarded = block.object("guardContent");
  if (guarded !== undefined) return readGuarded(guarded, warn);
  const found = readSearchResult(block, warn) ?? readCited(block, warn);
  if (found !== undefined) return [found];
  const reasoning = block.object("reasoningContent");
  if (reasoning !== undefined) return [readReasoning(reasoning, at, warn)];
  if (document === undefined) return [];
  const call = block.object("toolUse");
  if (call !== undefined) return readCall(call, at, document, warn);
  const result = block.object("toolResult");
  return result === undefined ? [] : readResult(result, at, warn);
}

/** What only a guardrail looks at by itself is text or an image like any other. */
function readGuarded(guarded: Members, warn: Warn): readonly Part[] {
  const text = guarded.object("text");
  changed(warn, guarded.pointer, "what a guardrail is to look at is content like any other");
  const said = text?.needText("text");
  text?.tellRest(warn);
  const media = readMedia(guarded, warn) ?? [];
  guarded.tellRest(warn);
  return said === undefined ? media : [{ kind: "text", text: said, at: guarded.pointer }, ...media];
}

/** What was found becomes the text that it is for the model. */
export function readSearchResult(block: Members, warn: Warn): TextPart | undefined {
  const result = block.object("searchResult");
  if (result === undefined) return undefined;
  const lines = [result.text("title"), result.text("source"), textsIn(result, "content", warn)];
  changed(warn, result.pointer, "a search result becomes text");
  result.tellRest(warn);
  return {
    kind: "text",
    text: lines.filter((line) => line !== undefined).join("\n"),
    at: block.pointer,
  };
}

/** What the model said with places that it quotes. */
function readCited(block: Members, warn: Warn): TextPart | undefined {
  const cited = block.object("citationsContent");
  if (cited === undefined) return undefined;
  const text = textsIn(cited, "content", warn);
  cited.tellRest(warn);
  return { kind: "text", text, at: block.pointer };
}

/** The texts of a list of blocks that hold nothing else, in one piece. */
export function textsIn(members: Members, key: string, warn: Warn): string {
  return (members.list(key) ?? [])
    .map((value, index) => {
      const piece = new Members(value, `${members.at(key)}/${index}`);
      const text = piece.text("text") ?? "";
      piece.tellRest(warn);
      return text;
    })
    .join("");
}

function readReasoning(reasoning: Members, at: string, warn: Warn): ReasoningPart {
  const said = reasoning.object("reasoningText");
  const sealed = reasoning.text("redactedContent");
  const part: ReasoningPart = {
    kind: "reasoning",
    text: said?.text("text") ?? "",
    ...defined({
      signature: said?.text("signature") || undefined,
      encrypted: sealed === undefined ? undefined : openSealed(sealed),
    }),
    at,
  };
  said?.tellRest(warn);
  reasoning.tellRest(warn);
  return part;
}

function readCall(call: Members, at: string, document: JsonDocument, warn: Warn): readonly ToolCallPart[] {
  if (call.has("type")) {
    dropped(warn, at, "a tool that the provider runs by itself has no counterpart");
    return [];
  }
  const input = call.json("input") ?? {};
  const part: ToolCallPart = {
    kind: "tool_call",
    id: call.needText("toolUseId"),
    name: call.needText("name"),
    arguments: textOfInput(input, call.at("input"), document),
    at,
  };
  call.tellRest(warn);
  return [part];
}

/** A number that a double cannot hold keeps its spelling. */
function textOfInput(input: JsonObject, at: string, document: JsonDocument): string {
  return (isExact(input) ? undefined : document.raw(at)) ?? JSON.stringify(input);
}
