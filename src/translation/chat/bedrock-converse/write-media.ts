import type { Warn } from "../../translation.ts";
import type { MediaPart } from "../conversation.ts";
import { changed, defined, dropped, invented } from "../members.ts";
import { formatOf } from "./media-formats.ts";

/** Bytes, texts, and what lies in S3: Bedrock fetches nothing from elsewhere. */
export function writeMedia(part: MediaPart, warn: Warn): readonly object[] {
  const { kind, detail, name, at = "/messages" } = part;
  const source = writeSource(part);
  if (source === undefined) {
    dropped(warn, at, `Bedrock takes no ${kind} of this type or from such a place`);
    return [];
  }
  if (detail !== undefined && detail !== "auto") dropped(warn, at, "Bedrock has no detail of images");
  if (kind !== "document") {
    if (name !== undefined) dropped(warn, at, `Bedrock has no names for an ${kind}`);
    return [{ [kind]: source }];
  }
  return [{ document: { ...source, name: documentName(withoutEnding(name), at, warn) } }];
}

type Source = { readonly format?: string; readonly source: object };

function writeSource({ kind, name, source }: MediaPart): Source | undefined {
  switch (source.from) {
    case "base64": {
      const format = formatOf(kind, source.mediaType) ?? formatNamed(kind, name);
      return format === undefined ? undefined : { format, source: { bytes: source.data } };
    }
    case "text":
      return kind === "document" ? { format: "txt", source: { text: source.text } } : undefined;
    case "file":
      return source.keeper === "aws" ? inBucket(kind, source.id) : undefined;
    case "url":
      return source.url.startsWith("s3://") ? inBucket(kind, source.url) : undefined;
  }
}

/** Its name tells the format, which Bedrock demands of all but documents. */
function inBucket(kind: MediaPart["kind"], uri: string): Source | undefined {
  const format = formatNamed(kind, uri);
  if (format === undefined && kind !== "document") return undefined;
  return { ...defined({ format }), source: { s3Location: { uri } } };
}

/** The format that a file's name ends with, where Bedrock takes it. */
function formatNamed(kind: MediaPart["kind"], name = ""): string | undefined {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  const format = ENDINGS.get(ending) ?? ending;
  return KNOWN[kind].has(format) ? format : undefined;
}

const ENDINGS: ReadonlyMap<string, string> = new Map([
  ["jpg", "jpeg"],
  ["htm", "html"],
  ["3gp", "three_gp"],
]);

const KNOWN: { readonly [kind in MediaPart["kind"]]: ReadonlySet<string> } = {
  image: new Set(["png", "jpeg", "gif", "webp"]),
  audio: new Set(["mp3", "wav", "aac", "flac", "ogg", "opus", "m4a", "mka", "pcm"]),
  video: new Set(["mp4", "mov", "mkv", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp"]),
  document: new Set(["pdf", "txt", "md", "html", "csv", "doc", "docx", "xls", "xlsx"]),
};

/** The format says it. */
function withoutEnding(name: string | undefined): string | undefined {
  return formatNamed("document", name) === undefined ? name : name?.slice(0, name.lastIndexOf("."));
}

/** Bedrock demands a name of letters, digits, single spaces, hyphens, parentheses and brackets. */
function documentName(name: string | undefined, at: string, warn: Warn): string {
  if (name === undefined || name.trim() === "") {
    invented(warn, at, "Bedrock demands a name for a document");
    return "document";
  }
  const plain = name
    .replace(/[^a-zA-Z0-9\s()[\]-]/g, "-")
    .replace(/\s+/g, " ")
    .slice(0, NAME_CHARS_MAX);
  if (plain !== name) changed(warn, at, "a document's name has characters that Bedrock does not take");
  return plain;
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html */
const NAME_CHARS_MAX = 200;
