import type { Warn } from "../../translation.ts";
import type { MediaPart, MediaSource } from "../conversation.ts";
import { defined, dropped, type Members } from "../members.ts";
import { mediaTypeOf } from "./media-formats.ts";
import { textsIn } from "./read-blocks.ts";

const KINDS = ["image", "audio", "video", "document"] as const;

/** The image, sound, video or document of a block; undefined when it has none, nothing when it has no counterpart. */
export function readMedia(block: Members, warn: Warn): readonly MediaPart[] | undefined {
  const kind = KINDS.find((candidate) => block.has(candidate));
  const media = kind === undefined ? undefined : block.object(kind);
  if (kind === undefined || media === undefined) return undefined;
  const source = media.object("source");
  const format = media.text("format");
  const read = source === undefined ? undefined : readSource(kind, format, source, warn);
  if (read === undefined) {
    dropped(warn, block.pointer, `an ${kind} of this format or source has no counterpart`);
    return [];
  }
  const name = media.text("name");
  media.tellRest(warn);
  source?.tellRest(warn);
  return [{ kind, source: read, ...defined({ name }), at: block.pointer }];
}

function readSource(
  kind: MediaPart["kind"],
  format: string | undefined,
  source: Members,
  warn: Warn,
): MediaSource | undefined {
  const text = source.text("text") ?? (source.has("content") ? textsIn(source, "content", warn) : undefined);
  const mediaType = format === undefined ? undefined : mediaTypeOf(kind, format);
  if (format !== undefined && mediaType === undefined) return undefined;
  if (text !== undefined) return { from: "text", text };
  const bucket = source.object("s3Location");
  if (bucket !== undefined) {
    const id = bucket.needText("uri");
    bucket.tellRest(warn);
    return { from: "file", id, keeper: "aws" };
  }
  const data = source.text("bytes");
  return data === undefined || mediaType === undefined ? undefined : { from: "base64", mediaType, data };
}
