import type { MediaPart } from "../conversation.ts";

/** The media type that the path of a URL shows, where it is one that fits what the part is said to be. */
export function mediaTypeOfUrl(url: string, kind: MediaPart["kind"]): string | undefined {
  const path = URL.parse(url)?.pathname ?? "";
  const type = TYPES.get(path.slice(path.lastIndexOf(".") + 1).toLowerCase());
  if (type === undefined) return undefined;
  return kind === "document" || type.startsWith(`${kind}/`) ? type : undefined;
}

/** What Gemini takes (https://ai.google.dev/gemini-api/docs/file-input-methods). */
const TYPES: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["webp", "image/webp"],
  ["heic", "image/heic"],
  ["heif", "image/heif"],
  ["gif", "image/gif"],
  ["mp3", "audio/mp3"],
  ["wav", "audio/wav"],
  ["flac", "audio/flac"],
  ["aac", "audio/aac"],
  ["ogg", "audio/ogg"],
  ["m4a", "audio/m4a"],
  ["mp4", "video/mp4"],
  ["mov", "video/mov"],
  ["webm", "video/webm"],
  ["mpeg", "video/mpeg"],
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["md", "text/markdown"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["json", "application/json"],
]);
