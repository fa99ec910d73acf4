import type { JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { CachePoint, MediaPart, Part, TextPart } from "../conversation.ts";
import { kindOfMedia, sourceOfUrl } from "../media.ts";
import { defined, dropped, Members } from "../members.ts";

/** The `content` of a message: a text, or parts. */
export function readContent(content: JsonValue | undefined, pointer: string, warn: Warn): readonly Part[] {
  if (content === undefined || content === null) return [];
  if (typeof content === "string") return [{ kind: "text", text: content, at: pointer }];
  if (!Array.isArray(content)) throw invalid(`${pointer} must be a text or an array of parts`);
  return (content as readonly JsonValue[]).flatMap((part, index) =>
    readPart(part, `${pointer}/${index}`, warn),
  );
}

function readPart(value: JsonValue, at: string, warn: Warn): readonly Part[] {
  if (typeof value === "string") return [{ kind: "text", text: value, at }];
  const part = new Members(value, at);
  const read = readKnown(part, part.needText("type"), warn);
  if (read === undefined) {
    dropped(warn, at, "a part of this type has no counterpart");
    return [];
  }
  part.tellRest(warn);
  return read;
}

function readKnown(part: Members, type: string, warn: Warn): readonly Part[] | undefined {
  const at = part.pointer;
  switch (type) {
    case "text":
      return [withCache({ kind: "text", text: part.needText("text"), at }, part, warn)];
    case "refusal":
      return [{ kind: "refusal", text: part.needText("refusal"), at }];
    case "image_url":
    case "video_url":
    case "audio_url":
    case "document_url":
      return [withCache(readUrlPart(part, type, warn), part, warn)];
    case "input_audio":
      return [readAudio(part, warn)];
    case "file":
      return readFile(part, warn);
    case "thinking":
      return readThinking(part, warn);
    default:
      return undefined;
  }
}

/** `{"url", "detail"}`, or the URL itself as Mistral has it. */
function readUrlPart(part: Members, type: string, warn: Warn): MediaPart {
  const value = part.value(type);
  const kind = URL_PARTS[type as keyof typeof URL_PARTS];
  const at = part.pointer;
  if (typeof value === "string") {
    const name = type === "document_url" ? part.text("document_name") : undefined;
    return { kind, source: sourceOfUrl(value, part.at(type)), ...defined({ name }), at };
  }
  const media = new Members(value, part.at(type));
  const url = media.needText("url");
  const read: MediaPart = {
    kind,
    source: sourceOfUrl(url, media.at("url")),
    ...defined({ detail: media.text("detail") }),
    at,
  };
  media.tellRest(warn);
  return read;
}

const URL_PARTS = {
  image_url: "image",
  video_url: "video",
  audio_url: "audio",
  document_url: "document",
} as const;

function readAudio(part: Members, warn: Warn): MediaPart {
  const audio = part.object("input_audio");
  if (audio === undefined) throw invalid(`${part.at("input_audio")} is missing`);
  const data = audio.needText("data");
  const mediaType = `audio/${audio.text("format") ?? "wav"}`;
  audio.tellRest(warn);
  return { kind: "audio", source: { from: "base64", mediaType, data }, at: part.pointer };
}

/** A file of the request itself or one that OpenAI keeps. Data come as a `data:` URL, or as bare base64 of a PDF. */
function readFile(part: Members, warn: Warn): readonly MediaPart[] {
  const file = part.object("file");
  if (file === undefined) throw invalid(`${part.at("file")} is missing`);
  const name = file.text("filename");
  const data = file.text("file_data");
  const id = file.text("file_id");
  file.tellRest(warn);
  if (data === undefined) {
    if (id === undefined) throw invalid(`${file.pointer} has neither file_data nor file_id`);
    const source = { from: "file", id, keeper: "openai" } as const;
    return [{ kind: "document", source, ...defined({ name }), at: part.pointer }];
  }
  if (id !== undefined) dropped(warn, file.at("file_id"), "file_data is there too");
  const source = /^data:/i.test(data)
    ? sourceOfUrl(data, file.at("file_data"))
    : ({ from: "base64", mediaType: typeOfName(name), data } as const);
  const kind = source.from === "base64" ? kindOfMedia(source.mediaType) : "document";
  return [{ kind, source, ...defined({ name }), at: part.pointer }];
}

function typeOfName(name = ""): string {
  return name.toLowerCase().endsWith(".txt") ? "text/plain" : "application/pdf";
}

/** Mistral's: a text, or a list of text parts. */
function readThinking(part: Members, warn: Warn): readonly Part[] {
  const thinking = readContent(part.value("thinking"), part.at("thinking"), warn);
  return thinking.flatMap((piece): Part[] => {
    if (piece.kind === "text") return [{ kind: "reasoning", text: piece.text, at: part.pointer }];
    dropped(warn, piece.at ?? part.pointer, "thinking is text");
    return [];
  });
}

function withCache<P extends TextPart | MediaPart>(part: P, members: Members, warn: Warn): P {
  const cache = readCache(members, warn);
  return cache === undefined ? part : { ...part, cache };
}

/** OpenAI's `prompt_cache_breakpoint`, and `cache_control` as routers in front of Anthropic take it. */
export function readCache(members: Members, warn: Warn): CachePoint | undefined {
  const point = members.object("prompt_cache_breakpoint") ?? members.object("cache_control");
  if (point === undefined) return undefined;
  const mode = point.text("mode") ?? point.text("type");
  if (mode !== "explicit" && mode !== "ephemeral") {
    dropped(warn, point.pointer, "a cache of this kind has no counterpart");
    return undefined;
  }
  const ttl = point.text("ttl");
  point.tellRest(warn);
  return defined({ ttl });
}
