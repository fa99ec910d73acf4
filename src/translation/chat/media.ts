import { invalid } from "../../formats/members.ts";
import type { MediaPart, MediaSource } from "./conversation.ts";

/**
 * What a URL stands for: the bytes of a `data:` URL (RFC 2397), or a place to fetch it from. Percent-encoded data become
 * base64.
 *
 * @throws RegentError body_invalid for a `data:` URL that is none
 */
export function sourceOfUrl(url: string, pointer: string): MediaSource {
  if (!/^data:/i.test(url)) return { from: "url", url };
  const comma = url.indexOf(",");
  if (comma < 0) throw invalid(`${pointer} is a data URL without data`);
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";");
  const data = url.slice(comma + 1);
  const isBase64 = parameters.at(-1)?.trim().toLowerCase() === "base64";
  return {
    from: "base64",
    mediaType: registered(mediaType.toLowerCase()),
    data: isBase64 ? data : percentDecoded(data, pointer).toString("base64"),
  };
}

/** Many write `image/jpg`, which is no media type, and some servers refuse it. */
function registered(mediaType: string): string {
  if (mediaType === "") return "text/plain";
  return mediaType === "image/jpg" ? "image/jpeg" : mediaType;
}

function percentDecoded(data: string, pointer: string): Buffer {
  try {
    return Buffer.from(decodeURIComponent(data));
  } catch (error) {
    if (error instanceof URIError) throw invalid(`${pointer} is a data URL that is not encoded properly`);
    throw error;
  }
}

export function dataUrl(mediaType: string, data: string): string {
  return `data:${mediaType};base64,${data}`;
}

/** What kind of part a media type is; a document unless it says otherwise. */
export function kindOfMedia(mediaType: string): MediaPart["kind"] {
  const family = mediaType.slice(0, mediaType.indexOf("/"));
  return family === "image" || family === "audio" || family === "video" ? family : "document";
}
