import type { JsonValue } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import type { MediaPart, TextPart, ToolResultPart } from "../conversation.ts";
import { changed, defined, dropped, Members } from "../members.ts";
import { readSearchResult } from "./read-blocks.ts";
import { readMedia } from "./read-media.ts";

/** What a tool gave: blocks, or one JSON value. Results of the provider's own tools have no counterpart. */
export function readResult(result: Members, at: string, warn: Warn): readonly ToolResultPart[] {
  if (result.has("type")) {
    dropped(warn, at, "the result of a tool that the provider ran has no counterpart");
    return [];
  }
  const blocks = (result.list("content") ?? []).map(
    (value, index) => new Members(value, `${result.at("content")}/${index}`),
  );
  const [only] = blocks;
  const json = blocks.length === 1 ? only?.value("json") : undefined;
  const part: ToolResultPart = {
    kind: "tool_result",
    callId: result.needText("toolUseId"),
    content: json === undefined ? blocks.flatMap((block) => readPiece(block, warn)) : [],
    ...defined({ json, isError: isError(result, warn) }),
    at,
  };
  for (const block of blocks) block.tellRest(warn);
  result.tellRest(warn);
  return [part];
}

function isError(result: Members, warn: Warn): boolean | undefined {
  const status = result.text("status");
  if (status !== undefined && status !== "success" && status !== "error")
    dropped(warn, result.at("status"), "a status of this name is not known");
  return status === "error" ? true : undefined;
}

function readPiece(block: Members, warn: Warn): readonly (TextPart | MediaPart)[] {
  const at = block.pointer;
  const text = block.text("text");
  if (text !== undefined) return [{ kind: "text", text, at }];
  const json = block.value("json");
  if (json !== undefined) return [jsonPiece(json, at, warn)];
  const found = readSearchResult(block, warn);
  return found === undefined ? (readMedia(block, warn) ?? []) : [found];
}

function jsonPiece(json: JsonValue, at: string, warn: Warn): TextPart {
  changed(warn, at, "JSON beside other content becomes text");
  return { kind: "text", text: JSON.stringify(json), at };
}
