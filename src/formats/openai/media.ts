import type { OpaquePart } from "../../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { dataUrlBytes, decodedBytes, hostOf } from "../media.ts";

/** What a content part carries: its size where it holds the data itself, the host where it only names it. */
export function mediaSize(part: JsonObject): Omit<OpaquePart, "pointer" | "modality"> {
  const source = sourceOf(part);
  if (source === undefined) return {};
  const bytes = dataUrlBytes(source);
  if (bytes !== undefined) return { bytes };
  const host = hostOf(source);
  if (host !== undefined) return { host };
  return isData(part) ? { bytes: decodedBytes(source) } : {};
}

/** The URL or the data of a part; undefined where it names a file that the provider has. */
function sourceOf(part: JsonObject): string | undefined {
  for (const key of SOURCES) {
    const value = part[key];
    const text = isJsonObject(value) ? (value.url ?? value.data ?? value.file_data) : value;
    if (typeof text === "string" && text !== "") return text;
  }
  return undefined;
}

const SOURCES = [
  "image_url",
  "file_url",
  "document_url",
  "url",
  "file_data",
  "file",
  "input_audio",
  "result",
];

/** Members that hold base64 as such, without a `data:` in front. */
function isData({ file_data, file, input_audio, result }: JsonObject): boolean {
  return [file_data, file, input_audio, result].some((value: JsonValue | undefined) => value !== undefined);
}
