import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { decodedBytes, hostOf } from "../media.ts";
import type { TextCollector } from "../text.ts";
import { type Member, membersOf } from "./spelling.ts";

/** Bytes in the body (`inlineData`): an opaque part with its size, whose name the model may see. */
export function readInlineData(member: Member, role: string, text: TextCollector): void {
  readMedia(member, role, text, "data", (data) => ({ bytes: decodedBytes(data) }));
}

/** A file that the provider fetches or keeps (`fileData`): an opaque part with its host. */
export function readFileData(member: Member, role: string, text: TextCollector): void {
  readMedia(member, role, text, "fileUri", (uri) => {
    const host = hostOf(uri);
    return host === undefined ? {} : { host };
  });
}

function readMedia(
  { value, pointer }: Member,
  role: string,
  text: TextCollector,
  content: string,
  sizeOf: (content: string) => { readonly bytes?: number; readonly host?: string },
): void {
  if (!isJsonObject(value)) {
    text.tree(pointer, value, role);
    return;
  }
  let mimeType: JsonValue = null;
  let size = {};
  for (const member of membersOf(value, pointer)) {
    if (member.name === "mimeType") mimeType = member.value;
    else if (member.name === content) size = typeof member.value === "string" ? sizeOf(member.value) : {};
    else text.member(pointer, member.key, member.value, role);
  }
  text.opaque(pointer, modalityOf(mimeType), size);
}

/** `image`, `audio`, `video`, else `file`. */
function modalityOf(mimeType: JsonValue): string {
  const kind = typeof mimeType === "string" ? (mimeType.toLowerCase().split("/", 1)[0] ?? "") : "";
  return MODALITIES.has(kind) ? kind : "file";
}

const MODALITIES: ReadonlySet<string> = new Set(["image", "audio", "video"]);
