import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { decodedBytes, hostOf } from "../media.ts";
import type { TextCollector } from "../text.ts";
import { readContent } from "./content.ts";

/**
 * What an image or a document is made of: bytes in base64, a place to fetch it from, the id of a file at the provider, plain
 * text, or blocks. What is no text is an opaque part, with its size or its host where they are there.
 */
export function readSource(
  source: JsonObject,
  pointer: string,
  modality: string,
  role: string,
  text: TextCollector,
): void {
  switch (source.type) {
    case "base64":
      text.opaque(pointer, modality, { bytes: bytesIn(source.data) });
      break;
    case "url":
      text.opaque(pointer, modality, placeOf(source.url));
      break;
    case "file":
      text.opaque(pointer, modality);
      break;
    case "content":
      for (const [key, value] of Object.entries(source)) {
        if (key === "content") readContent(value, `${pointer}/content`, role, text);
        else text.member(pointer, key, value, role);
      }
      break;
    case "text":
      text.members(pointer, source, role);
      break;
    default:
      text.opaque(pointer, "unknown");
      text.members(pointer, source, role);
  }
}

/** Bytes that a base64 text stands for; 0 for what is none. */
export function bytesIn(data: JsonValue | undefined): number {
  return typeof data === "string" ? decodedBytes(data) : 0;
}

function placeOf(url: JsonValue | undefined): { host?: string } {
  const host = typeof url === "string" ? hostOf(url) : undefined;
  return host === undefined ? {} : { host };
}
