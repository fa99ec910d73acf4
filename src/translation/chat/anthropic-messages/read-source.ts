import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { CachePoint, MediaPart, MediaSource, Part } from "../conversation.ts";
import { changed, defined, dropped, type Members } from "../members.ts";
import { readContent } from "./read-blocks.ts";

/** What an image or a document is made of. A document that is made of blocks becomes these blocks. */
export function readSource(
  block: Members,
  kind: "image" | "document",
  rest: { readonly name?: string; readonly cache?: CachePoint; readonly at: string },
  warn: Warn,
): readonly Part[] {
  const source = block.object("source");
  if (source === undefined) throw invalid(`${block.at("source")} is missing`);
  const type = source.needText("type");
  if (type === "content") return readBlocks(source, rest, warn);
  const read = sourceOf(source, type, warn);
  if (read === undefined) {
    dropped(warn, block.pointer, "a source of this type has no counterpart");
    return [];
  }
  source.tellRest(warn);
  return [{ kind, source: read, ...rest }];
}

function readBlocks(
  source: Members,
  { name, cache, at }: Pick<MediaPart, "name" | "cache" | "at">,
  warn: Warn,
): readonly Part[] {
  const parts = readContent(source.value("content"), source.at("content"), undefined, warn);
  source.tellRest(warn);
  changed(warn, source.at("content"), "a document of blocks becomes these blocks");
  const title: Part[] = name === undefined ? [] : [{ kind: "text", text: name, ...defined({ at }) }];
  const last = parts.at(-1);
  if (cache === undefined || last?.kind !== "text") return [...title, ...parts];
  return [...title, ...parts.slice(0, -1), { ...last, cache }];
}

function sourceOf(source: Members, type: string, warn: Warn): MediaSource | undefined {
  switch (type) {
    case "base64":
      return { from: "base64", mediaType: source.needText("media_type"), data: source.needText("data") };
    case "url":
      return { from: "url", url: source.needText("url") };
    case "file":
      return { from: "file", id: source.needText("file_id"), keeper: "anthropic" };
    case "text":
      if ((source.text("media_type") ?? "text/plain") !== "text/plain")
        dropped(warn, source.at("media_type"), "plain text is of one type only");
      return { from: "text", text: source.needText("data") };
    default:
      return undefined;
  }
}
