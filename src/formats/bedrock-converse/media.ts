import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { pointerToken } from "../../wire/json/index.ts";
import { decodedBytes, hostOf } from "../media.ts";
import type { TextCollector } from "../text.ts";
import { readContent } from "./content.ts";

/**
 * An image, a video, a sound or a document: bytes in base64, a place in S3, a text or blocks of text. What is no text is an
 * opaque part, with its size or its bucket where they are there. A document's name, context and citations are texts.
 */
export function readMedia(
  media: JsonObject,
  pointer: string,
  modality: string,
  role: string,
  text: TextCollector,
): void {
  for (const key in media) {
    const value = media[key] as JsonValue;
    if (key === "source" && isJsonObject(value)) readSource(value, `${pointer}/source`, modality, role, text);
    else text.member(pointer, key, value, role);
  }
}

function readSource(
  source: JsonObject,
  pointer: string,
  modality: string,
  role: string,
  text: TextCollector,
): void {
  for (const key in source) {
    const value = source[key] as JsonValue;
    const at = `${pointer}/${pointerToken(key)}`;
    if (key === "bytes" && typeof value === "string")
      text.opaque(at, modality, { bytes: decodedBytes(value) });
    else if (key === "s3Location") text.opaque(at, modality, placeOf(value));
    else if (key === "content") readContent(value, at, role, text);
    else {
      if (key !== "text") text.opaque(at, "unknown");
      text.member(pointer, key, value, role);
    }
  }
}

/** The bucket, which is what a URI of S3 has in the place of a host. */
function placeOf(location: JsonValue): { host?: string } {
  const uri = isJsonObject(location) ? location.uri : undefined;
  const host = typeof uri === "string" ? hostOf(uri) : undefined;
  return host === undefined ? {} : { host };
}
