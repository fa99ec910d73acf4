import type { Warn } from "../../translation.ts";
import type { CachePoint, MediaPart, Part } from "../conversation.ts";
import { dataUrl } from "../media.ts";
import { changed, defined, dropped } from "../members.ts";

/** A part of a message's `content`; none where OpenAI has nothing like it. */
export function writePart(part: Part, warn: Warn): readonly object[] {
  switch (part.kind) {
    case "text":
      return [{ type: "text", text: part.text, ...writeCache(part.cache, part.at, warn) }];
    case "refusal":
      return [{ type: "refusal", refusal: part.text }];
    case "image":
    case "audio":
    case "video":
    case "document":
      return writeMedia(part, warn);
    default:
      dropped(warn, part.at ?? "/messages", "a part of this kind stands elsewhere");
      return [];
  }
}

/** OpenAI's one time to live is its own. */
function writeCache(cache: CachePoint | undefined, at = "/messages", warn: Warn): object {
  if (cache === undefined) return {};
  const isOwn = cache.ttl === "30m";
  if (cache.ttl !== undefined && !isOwn) changed(warn, at, "how long the prompt is cached is up to OpenAI");
  return { prompt_cache_breakpoint: { mode: "explicit", ...(isOwn ? { ttl: cache.ttl } : {}) } };
}

function writeMedia(part: MediaPart, warn: Warn): readonly object[] {
  const { kind, cache, at = "/messages" } = part;
  if (cache !== undefined) dropped(warn, `${at}/cache_control`, "OpenAI caches only behind text on request");
  const written = writeSource(part);
  if (written === undefined) {
    dropped(warn, at, `OpenAI takes no ${kind} from such a source`);
    return [];
  }
  if (part.source.from === "text") changed(warn, at, "a document of plain text becomes text");
  if (part.name !== undefined && !TITLED.has(kind)) dropped(warn, at, "only files have names");
  return [written];
}

const TITLED: ReadonlySet<MediaPart["kind"]> = new Set(["document"]);

function writeSource({ kind, source, detail, name }: MediaPart): object | undefined {
  if (source.from === "text")
    return { type: "text", text: name === undefined ? source.text : `${name}\n${source.text}` };
  if (source.from === "file") {
    return source.keeper === undefined || source.keeper === "openai"
      ? { type: "file", file: { file_id: source.id } }
      : undefined;
  }
  const url = source.from === "url" ? source.url : dataUrl(source.mediaType, source.data);
  if (kind === "image") return { type: "image_url", image_url: defined({ url, detail }) };
  // OpenAI has none; its dialect has at vLLM and OpenRouter.
  if (kind === "video") return { type: "video_url", video_url: { url } };
  if (source.from === "url") return undefined;
  if (kind === "audio") {
    const format = AUDIO_FORMATS.get(source.mediaType);
    return format === undefined
      ? undefined
      : { type: "input_audio", input_audio: { data: source.data, format } };
  }
  const filename = name ?? DEFAULT_NAMES.get(source.mediaType) ?? "document";
  return { type: "file", file: { filename, file_data: url } };
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ["audio/wav", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/mp3", "mp3"],
  ["audio/mpeg", "mp3"],
]);

/** OpenAI demands a name, and goes by its ending. */
const DEFAULT_NAMES: ReadonlyMap<string, string> = new Map([
  ["application/pdf", "document.pdf"],
  ["text/plain", "document.txt"],
  ["text/csv", "document.csv"],
  ["text/html", "document.html"],
  ["text/markdown", "document.md"],
]);
