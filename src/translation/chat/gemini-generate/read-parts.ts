import { isJsonObject, type JsonValue } from "../../../exchange/json.ts";
import { invalid } from "../../../formats/members.ts";
import type { Warn } from "../../translation.ts";
import type { MediaPart, MediaSource, Part, TextPart, ToolResultPart } from "../conversation.ts";
import { kindOfMedia } from "../media.ts";
import { defined, dropped } from "../members.ts";
import type { GeminiMembers } from "./members.ts";
import type { Calls } from "./read-contents.ts";

/** @param calls that results may answer; undefined where there can be none */
export function readParts(
  parts: readonly GeminiMembers[],
  calls: Calls | undefined,
  warn: Warn,
): readonly Part[] {
  return parts.flatMap((part) => {
    const read = readPart(part, calls, warn);
    part.skip("thought");
    part.tellRest(warn);
    return read;
  });
}

function readPart(part: GeminiMembers, calls: Calls | undefined, warn: Warn): readonly Part[] {
  const at = part.pointer;
  const text = part.text("text");
  if (text !== undefined) return [readText(part, text, warn)];
  const media = readMedia(part, warn);
  if (media !== undefined) return [media];
  const call = calls === undefined ? undefined : part.inner("functionCall");
  if (call !== undefined && calls !== undefined) return [readCall(part, call, calls, warn)];
  const response = calls === undefined ? undefined : part.inner("functionResponse");
  if (response !== undefined && calls !== undefined) return [readResult(response, calls, warn)];
  for (const name of ["executableCode", "codeExecutionResult", "toolCall", "toolResponse"]) {
    if (!part.has(name)) continue;
    dropped(warn, part.at(name), "what the provider's own tools did has no counterpart");
    part.skip(name, "thoughtSignature");
    return [];
  }
  if (part.says("thoughtSignature")) dropped(warn, `${at}/thoughtSignature`, "it belongs to Google's model");
  return [];
}

function readText(part: GeminiMembers, text: string, warn: Warn): Part {
  const signature = part.text("thoughtSignature") || undefined;
  const at = part.pointer;
  if (part.flag("thought") === true) return { kind: "reasoning", text, ...defined({ signature }), at };
  if (signature !== undefined)
    dropped(warn, part.at("thoughtSignature"), "only thoughts and calls have a signature elsewhere");
  return { kind: "text", text, at };
}

function readCall(part: GeminiMembers, call: GeminiMembers, calls: Calls, warn: Warn): Part {
  const name = call.needText("name");
  const read: Part = {
    kind: "tool_call",
    id: calls.begin(name, call.text("id") || undefined),
    name,
    arguments: JSON.stringify(call.json("args") ?? {}),
    ...defined({ signature: part.text("thoughtSignature") || undefined }),
    at: part.pointer,
  };
  call.tellRest(warn);
  return read;
}

function readResult(response: GeminiMembers, calls: Calls, warn: Warn): ToolResultPart {
  const { name, callId } = calls.answer(response, warn);
  const media = readParts(response.elements("parts"), undefined, warn).filter(isShown);
  const result = besideMedia(resultOf(response.json("response") ?? {}), media.length > 0);
  response.tellRest(warn);
  return {
    kind: "tool_result",
    callId,
    name,
    ...result,
    content: [...result.content, ...media],
    at: response.pointer,
  };
}

function isShown(part: Part): part is TextPart | MediaPart {
  return (
    part.kind !== "reasoning" &&
    part.kind !== "refusal" &&
    part.kind !== "tool_call" &&
    part.kind !== "tool_result"
  );
}

type Result = Pick<ToolResultPart, "json" | "isError"> & { readonly content: readonly TextPart[] };

/** JSON stands in place of all content, so beside media it is a text. */
function besideMedia(result: Result, hasMedia: boolean): Result {
  const { json, ...rest } = result;
  if (json === undefined || !hasMedia) return result;
  return { ...rest, content: [{ kind: "text", text: JSON.stringify(json) }] };
}

/**
 * A result is a JSON object; by convention a text stands under `output` or `error`
 * (https://ai.google.dev/api/caching#FunctionResponse), or as some gateways put it under `content`.
 */
function resultOf(response: { readonly [key: string]: JsonValue }): Result {
  const [only] = Object.keys(response);
  if (Object.keys(response).length === 1 && (only === "output" || only === "error" || only === "content")) {
    const said = response[only] as JsonValue;
    const failed = only === "error" ? { isError: true } : {};
    return typeof said === "string"
      ? { content: [{ kind: "text", text: said }], ...failed }
      : { content: [], json: said, ...failed };
  }
  return { content: [], json: response };
}

/** `inlineData` or `fileData`. How a video is looked at has no counterpart, and is told with the rest. */
export function readMedia(part: GeminiMembers, warn: Warn): MediaPart | undefined {
  const inline = part.inner("inlineData");
  const file = inline ?? part.inner("fileData");
  if (file === undefined) return undefined;
  const mediaType = (file.text("mimeType") || undefined)?.toLowerCase();
  if (mediaType !== undefined && !/^[\w.+-]+\/[\w.+-]+$/.test(mediaType.split(";", 1)[0] ?? ""))
    throw invalid(`${file.at("mimeType")} is no media type`);
  const source: MediaSource =
    inline === undefined
      ? sourceOfUri(file.text("fileUri") ?? "", mediaType)
      : { from: "base64", mediaType: mediaType ?? UNKNOWN_TYPE, data: plainBase64(file.text("data") ?? "") };
  const name = file.text("displayName") || undefined;
  file.tellRest(warn);
  if (part.says("thoughtSignature"))
    dropped(warn, part.at("thoughtSignature"), "media have no signature elsewhere");
  return { kind: kindOfMedia(mediaType ?? ""), source, ...defined({ name }), at: file.pointer };
}

const UNKNOWN_TYPE = "application/octet-stream";

/** Google takes the alphabet for URLs too. */
function plainBase64(data: string): string {
  return data.replaceAll("-", "+").replaceAll("_", "/");
}

/** Files of Google's own storage can be read by nobody else. */
function sourceOfUri(uri: string, mediaType: string | undefined): MediaSource {
  const url = URL.parse(uri);
  const isOpen =
    url !== null && (url.protocol === "https:" || url.protocol === "http:") && url.host !== GOOGLE_FILES;
  return isOpen
    ? { from: "url", url: uri, ...defined({ mediaType }) }
    : { from: "file", id: uri, keeper: "google" };
}

const GOOGLE_FILES = "generativelanguage.googleapis.com";

/** For answers, which are read loosely. */
export function isMediaPart(part: JsonValue): boolean {
  return isJsonObject(part) && (isJsonObject(part.inlineData) || isJsonObject(part.fileData));
}
