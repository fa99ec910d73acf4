import type { JsonObject, JsonValue } from "../../exchange/json.ts";
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
      text.opaque(pointer, modality, { bytes: decodedBytes(source.data) });
      break;
    case "url":
      text.opaque(pointer, modality, hostOf(source.url));
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
export function decodedBytes(data: JsonValue | undefined): number {
  return typeof data === "string" ? Buffer.byteLength(data, "base64") : 0;
}

function hostOf(url: JsonValue | undefined): { host?: string } {
  if (typeof url !== "string") return {};
  const host = URL.parse(url)?.host;
  return host === undefined || host === "" ? {} : { host };
}
