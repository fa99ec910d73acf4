import type { Warn } from "../../translation.ts";
import { inputOf } from "../arguments.ts";
import type {
  CachePoint,
  MediaPart,
  Part,
  ReasoningPart,
  Role,
  ToolCallPart,
  ToolResultPart,
} from "../conversation.ts";
import { changed, defined, dropped } from "../members.ts";
import { turnOrder } from "../turn-order.ts";

/** Content blocks. Thinking comes first in a turn, and texts that are empty are left out: Anthropic refuses them. */
export function writeBlocks(parts: readonly Part[], role: Role, warn: Warn): readonly object[] {
  return turnOrder(parts, role).flatMap((part) => writePart(part, role, warn));
}

function writePart(part: Part, role: Role, warn: Warn): readonly object[] {
  switch (part.kind) {
    case "text":
      return part.text === ""
        ? []
        : [{ type: "text", text: part.text, ...writeCache(part.cache, part.at, warn) }];
    case "refusal":
      changed(warn, part.at ?? "/messages", "a refusal becomes text");
      return part.text === "" ? [] : [{ type: "text", text: part.text }];
    case "reasoning":
      return writeThinkingBlock(part, warn);
    case "tool_call":
      return [writeCall(part, warn)];
    case "tool_result":
      return [writeResult(part, warn)];
    default:
      return role === "user" || role === "tool" ? writeMedia(part, warn) : withoutMedia(part, warn);
  }
}

function withoutMedia({ kind, at = "/messages" }: MediaPart, warn: Warn): readonly object[] {
  dropped(warn, at, `only the user's messages have an ${kind}`);
  return [];
}

/** Thinking that its provider cannot check is refused by Anthropic. */
function writeThinkingBlock(part: ReasoningPart, warn: Warn): readonly object[] {
  const { text, signature, encrypted, id, at = "/messages" } = part;
  if (id !== undefined) dropped(warn, `${at}/id`, "thinking has no id here");
  const sealed = encrypted === undefined ? [] : [{ type: "redacted_thinking", data: encrypted }];
  if (signature !== undefined) return [{ type: "thinking", thinking: text, signature }, ...sealed];
  if (text !== "") dropped(warn, at, "Anthropic takes no thinking without its signature");
  return sealed;
}

function writeCall(part: ToolCallPart, warn: Warn): object {
  const { id, name, signature, cache, at = "/messages" } = part;
  if (signature !== undefined) dropped(warn, at, "Anthropic's calls have no signature");
  return {
    type: "tool_use",
    id: callId(id, at, warn),
    name,
    input: inputOf(part, at, warn),
    ...writeCache(cache, at, warn),
  };
}

/** Anthropic's ids have letters, digits, `_` and `-`; others are written with `_` alike in the call and in its result. */
function callId(id: string, at: string, warn: Warn): string {
  if (/^[\w-]+$/.test(id)) return id;
  changed(warn, at, "an id of a call has characters that Anthropic does not take");
  return id === "" ? "_" : id.replace(/[^\w-]/g, "_");
}

function writeResult(part: ToolResultPart, warn: Warn): object {
  const { callId: id, content, json, isError, cache, at = "/messages" } = part;
  const said: readonly Part[] =
    json === undefined ? content : [{ kind: "text", text: JSON.stringify(json) }, ...content];
  const [first] = said;
  const text =
    said.length === 1 && first?.kind === "text" && first.cache === undefined ? first.text : undefined;
  return defined({
    type: "tool_result",
    tool_use_id: callId(id, at, warn),
    content: text ?? said.flatMap((piece) => writePart(piece, "tool", warn)),
    is_error: isError === true ? true : undefined,
    ...writeCache(cache, at, warn),
  });
}

function writeMedia(part: MediaPart, warn: Warn): readonly object[] {
  const { kind, detail, name, cache, at = "/messages" } = part;
  const written = kind === "image" ? writeImage(part) : kind === "document" ? writeDocument(part) : undefined;
  if (written === undefined) {
    dropped(warn, at, `Anthropic takes no ${kind} like this`);
    return [];
  }
  if (detail !== undefined && detail !== "auto") dropped(warn, at, "Anthropic has no detail of images");
  if (kind === "image" && name !== undefined) dropped(warn, at, "Anthropic's images have no names");
  return [{ ...written, ...writeCache(cache, at, warn) }];
}

function writeImage({ source }: MediaPart): object | undefined {
  if (source.from === "base64")
    return { type: "image", source: { type: "base64", media_type: source.mediaType, data: source.data } };
  if (source.from === "url") return { type: "image", source: { type: "url", url: source.url } };
  return fileOf("image", source);
}

/** A PDF or plain text; Anthropic reads no other documents. */
function writeDocument({ source, name }: MediaPart): object | undefined {
  const title = defined({ title: name });
  if (source.from === "text")
    return {
      type: "document",
      source: { type: "text", media_type: "text/plain", data: source.text },
      ...title,
    };
  if (source.from === "url") return { type: "document", source: { type: "url", url: source.url }, ...title };
  if (source.from === "file") {
    const file = fileOf("document", source);
    return file === undefined ? undefined : { ...file, ...title };
  }
  const { mediaType, data } = source;
  if (mediaType === "application/pdf")
    return { type: "document", source: { type: "base64", media_type: mediaType, data }, ...title };
  if (!mediaType.startsWith("text/")) return undefined;
  const text = Buffer.from(data, "base64").toString("utf8");
  return { type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...title };
}

/** Only Anthropic's own files. */
function fileOf(type: "image" | "document", source: MediaPart["source"]): object | undefined {
  return source.from === "file" && source.keeper === "anthropic"
    ? { type, source: { type: "file", file_id: source.id } }
    : undefined;
}

export function writeCache(cache: CachePoint | undefined, at: string | undefined, warn: Warn): object {
  if (cache === undefined) return {};
  const { ttl } = cache;
  const isKnown = ttl === "5m" || ttl === "1h";
  if (ttl !== undefined && !isKnown)
    changed(warn, at ?? "/messages", "Anthropic caches for five minutes or an hour");
  return { cache_control: { type: "ephemeral", ...(isKnown ? { ttl } : {}) } };
}
