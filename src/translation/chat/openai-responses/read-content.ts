import type { JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { CachePoint, MediaPart, MediaSource, RefusalPart, TextPart } from "../conversation.ts";
import { sourceOfUrl } from "../media.ts";
import { defined, dropped, Members } from "../members.ts";
import { typeOfName } from "./media.ts";
import { dropMember, unsupported } from "./members.ts";

/** What stands in messages and results of tools. */
type ContentPart = TextPart | MediaPart | RefusalPart;

/**
 * A text, or a list of parts.
 *
 * @throws RegentError body_invalid or translation_unsupported
 */
export function readContent(content: JsonValue | undefined, pointer: string, warn: Warn): ContentPart[] {
  if (content === undefined) return [];
  if (typeof content === "string") return [{ kind: "text", text: content, at: pointer }];
  if (!Array.isArray(content)) throw invalid(`${pointer} must be a text or an array of parts`);
  return (content as readonly JsonValue[]).flatMap((part, index): ContentPart[] => {
    const at = `${pointer}/${index}`;
    return typeof part === "string"
      ? [{ kind: "text", text: part, at }]
      : readPart(new Members(part, at), warn);
  });
}

/** The parts that a result of a tool may have. @throws RegentError body_invalid or translation_unsupported */
export function readResult(
  content: JsonValue | undefined,
  pointer: string,
  warn: Warn,
): (TextPart | MediaPart)[] {
  return readContent(content, pointer, warn).map((part) =>
    part.kind === "refusal" ? { ...part, kind: "text" } : part,
  );
}

function readPart(part: Members, warn: Warn): ContentPart[] {
  const read = READERS.get(part.text("type") ?? "");
  if (read === undefined) {
    dropped(warn, part.pointer, "a part of this type has no counterpart");
    return [];
  }
  const found = { ...read(part, warn), at: part.pointer };
  part.tellRest(warn);
  return [found];
}

const READERS = new Map<string, (part: Members, warn: Warn) => ContentPart>([
  ["input_text", readText],
  ["output_text", readText],
  ["text", readText],
  ["refusal", (part) => ({ kind: "refusal", text: part.needText("refusal") })],
  ["input_image", readImage],
  ["input_file", readFile],
  ["input_audio", readAudio],
]);

function readText(part: Members, warn: Warn): TextPart {
  dropMember(part, "annotations", warn, "citations of an earlier answer have no counterpart");
  dropMember(part, "logprobs", warn, "probabilities of an earlier answer have no counterpart");
  return { kind: "text", text: part.needText("text"), ...readCache(part, warn) };
}

function readCache(part: Members, warn: Warn): { readonly cache?: CachePoint } {
  const point = part.object("prompt_cache_breakpoint");
  if (point === undefined) return {};
  dropMember(point, "mode", warn, "there is only one way to end what is cached", "explicit");
  const ttl = point.text("ttl");
  point.tellRest(warn);
  return { cache: defined({ ttl }) };
}

function readImage(part: Members, warn: Warn): MediaPart {
  const url = part.text("image_url");
  const source = url !== undefined ? sourceOfUrl(url, part.at("image_url")) : readFileId(part);
  if (source === undefined) throw invalid(`${part.pointer} has neither image_url nor file_id`);
  return { kind: "image", source, ...defined({ detail: part.text("detail") }), ...readCache(part, warn) };
}

function readFile(part: Members, warn: Warn): MediaPart {
  const name = part.text("filename");
  dropMember(part, "detail", warn, "how closely a document is looked at cannot be said", "auto");
  const source = readFileSource(part, name);
  if (source === undefined) throw invalid(`${part.pointer} has neither file_data, file_url nor file_id`);
  return { kind: "document", source, ...defined({ name }), ...readCache(part, warn) };
}

function readFileSource(part: Members, name: string | undefined): MediaSource | undefined {
  const data = part.text("file_data");
  // Some send base64 as such: then only the name says what it is.
  if (data !== undefined && !data.startsWith("data:"))
    return { from: "base64", mediaType: typeOfName(name), data };
  if (data !== undefined) return sourceOfUrl(data, part.at("file_data"));
  const url = part.text("file_url");
  return url === undefined ? readFileId(part) : sourceOfUrl(url, part.at("file_url"));
}

function readFileId(part: Members): MediaSource | undefined {
  const id = part.text("file_id");
  return id === undefined ? undefined : { from: "file", id, keeper: "openai" };
}

function readAudio(part: Members, warn: Warn): MediaPart {
  const audio = part.object("input_audio");
  if (audio === undefined) throw invalid(`${part.pointer}/input_audio is missing`);
  const mediaType = AUDIO_TYPES.get(audio.needText("format"));
  if (mediaType === undefined) throw unsupported(audio.at("format"), "is no format of sound that is known");
  const data = audio.needText("data");
  audio.tellRest(warn);
  return { kind: "audio", source: { from: "base64", mediaType, data } };
}

const AUDIO_TYPES: ReadonlyMap<string, string> = new Map([
  ["wav", "audio/wav"],
  ["mp3", "audio/mpeg"],
]);
