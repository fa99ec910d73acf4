import type { JsonObject } from "../../../exchange/json.ts";
import type { Warn } from "../../translation.ts";
import type { CachePoint, MediaPart, TextPart } from "../conversation.ts";
import { changed, dropped, invented } from "../members.ts";
import { inventedName, urlOfSource } from "./media.ts";

/** A part of a message or of a tool's result; none for what a response cannot take in. */
export function writePart(part: TextPart | MediaPart, place: string, warn: Warn): JsonObject[] {
  const written = writeBare(part, place, warn);
  if (written !== undefined) return [{ ...written, ...writeCache(part.cache, place, warn) }];
  dropped(warn, place, `${part.kind} has no form in this dialect`);
  return [];
}

function writeBare(part: TextPart | MediaPart, place: string, warn: Warn): JsonObject | undefined {
  if (part.kind === "text") return { type: "input_text", text: part.text };
  if (part.kind === "image") return writeImage(part, place, warn);
  if (part.kind === "document") return writeDocument(part, place, warn);
  return part.kind === "audio" ? writeAudio(part) : undefined;
}

function writeImage(part: MediaPart, place: string, warn: Warn): JsonObject {
  const { source, detail = "auto" } = part;
  if (part.name !== undefined) dropped(warn, place, "an image has no name");
  return source.from === "file"
    ? { type: "input_image", file_id: fileId(source, place, warn), detail }
    : { type: "input_image", image_url: urlOfSource(source) ?? "", detail };
}

function writeDocument(part: MediaPart, place: string, warn: Warn): JsonObject {
  const { source, name } = part;
  if (source.from === "file" || source.from === "url") {
    if (name !== undefined) dropped(warn, place, "a file that is not in the body has no name");
    return source.from === "file"
      ? { type: "input_file", file_id: fileId(source, place, warn) }
      : { type: "input_file", file_url: source.url };
  }
  if (name === undefined) invented(warn, place, "a file must have a name, and this one had none");
  return { type: "input_file", filename: name ?? inventedName(part), file_data: urlOfSource(source) ?? "" };
}

type KeptFile = Extract<MediaPart["source"], { from: "file" }>;

/** The upstream says so when it has no such file: that tells more than a request without it. */
function fileId({ id, keeper = "openai" }: KeptFile, place: string, warn: Warn): string {
  if (keeper !== "openai") changed(warn, place, "a file that another provider keeps is named to this one");
  return id;
}

/** Sound is taken in as bytes in one of two formats. */
function writeAudio({ source }: MediaPart): JsonObject | undefined {
  const format = source.from === "base64" ? AUDIO_FORMATS.get(source.mediaType) : undefined;
  if (source.from !== "base64" || format === undefined) return undefined;
  return { type: "input_audio", input_audio: { data: source.data, format } };
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ["audio/wav", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"],
]);

function writeCache(cache: CachePoint | undefined, place: string, warn: Warn): JsonObject {
  if (cache === undefined) return {};
  const { ttl } = cache;
  if (ttl === undefined) return { prompt_cache_breakpoint: { mode: "explicit" } };
  if (CACHE_TIMES.has(ttl)) return { prompt_cache_breakpoint: { mode: "explicit", ttl } };
  changed(warn, place, "the prompt is cached as long as this provider does it");
  return { prompt_cache_breakpoint: { mode: "explicit" } };
}

const CACHE_TIMES: ReadonlySet<string> = new Set(["30m", "12h"]);
