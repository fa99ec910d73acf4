import type { MediaPart, MediaSource } from "../conversation.ts";
import { dataUrl } from "../media.ts";

/** A source that has bytes or an address, as a URL; undefined for a file that a provider keeps. */
export function urlOfSource(source: MediaSource): string | undefined {
  if (source.from === "url") return source.url;
  if (source.from === "base64") return dataUrl(source.mediaType, source.data);
  if (source.from === "text") return dataUrl("text/plain", Buffer.from(source.text).toString("base64"));
  return undefined;
}

/** What a file is by its name, where nothing else says it. */
export function typeOfName(name: string | undefined): string {
  const ending = name?.toLowerCase().split(".").at(-1) ?? "";
  return TYPES.find(([known]) => known === ending)?.[1] ?? "application/pdf";
}

/** A name for a file that came without one: the API takes none that is nameless. */
export function inventedName({ source }: MediaPart): string {
  const type = source.from === "base64" ? source.mediaType : "text/plain";
  return `document.${TYPES.find(([, known]) => known === type)?.[0] ?? "bin"}`;
}

const TYPES: readonly (readonly [ending: string, type: string])[] = [
  ["pdf", "application/pdf"],
  ["txt", "text/plain"],
  ["csv", "text/csv"],
  ["html", "text/html"],
  ["md", "text/markdown"],
  ["json", "application/json"],
];
