import { createReadStream } from "node:fs";
import { BODY_BYTES_MAX } from "../config/schema.ts";
import type { Headers } from "../exchange/headers.ts";
import { headerValues } from "../exchange/headers.ts";
import type { BodyKind } from "../formats/index.ts";
import { DECODED_STREAM_RATIO_MAX } from "../pipeline/answer/streamed-answer.ts";
import { REPLACED_BYTES_MAX } from "../pipeline/attempt/translate.ts";
import { openDecoder } from "../wire/content-decoder.ts";
import { codingOf, decodeAnswer, decodeContent } from "../wire/content-encoding.ts";
import { CommandFailure } from "./failure.ts";

/**
 * The largest file that is read: an answer that a target streams may be as long as it likes, but what is read of it is in
 * memory several times.
 */
export const FILE_BYTES_MAX = 256 * 1024 * 1024;

/** @throws CommandFailure when the file cannot be read, or is too large */
export async function readFileOf(what: string, file: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let room = FILE_BYTES_MAX;
  try {
    for await (const chunk of file === "-" ? process.stdin : createReadStream(file)) {
      room -= (chunk as Buffer).length;
      if (room < 0) break;
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === "EISDIR" ? `${file} is a directory` : message;
    throw new CommandFailure(`${what} cannot be read: ${reason}`, undefined, { cause: error });
  }
  if (room < 0) throw new CommandFailure(`${what} is larger than ${FILE_BYTES_MAX} bytes`);
  return Buffer.concat(chunks);
}

/** A body without its content coding, or why the gateway does not take it. */
export type PlainBody =
  | { readonly ok: true; readonly bytes: Buffer }
  | {
      readonly ok: false;
      readonly code: "body_too_large" | "encoding_unsupported" | "upstream_invalid";
      readonly reason: string;
    };

/** Undoes the content coding that the headers of a body name, as far as the gateway would. */
export async function plainBody(kind: BodyKind, body: Buffer, headers: Headers): Promise<PlainBody> {
  const codings = headerValues(headers, "content-encoding");
  if (kind === "request") {
    const decoded = await decodeContent(body, codings, BODY_BYTES_MAX);
    if (decoded.ok) return decoded;
    const code = decoded.fault === "too_large" ? "body_too_large" : "encoding_unsupported";
    return { ok: false, code, reason: `The request has ${decoded.reason}.` };
  }
  const decoded =
    kind === "response"
      ? await decodeAnswer(body, codings, REPLACED_BYTES_MAX)
      : await decodeStream(body, codings);
  return decoded.ok
    ? decoded
    : { ok: false, code: "upstream_invalid", reason: `The answer has ${decoded.reason}.` };
}

async function decodeStream(body: Buffer, codings: readonly string[]) {
  const coding = codingOf(codings);
  if (coding === undefined) return { ok: true, bytes: body } as const;
  const decoder = openDecoder(coding, FILE_BYTES_MAX, DECODED_STREAM_RATIO_MAX);
  if (decoder === undefined) return { ok: false, reason: "a content coding that is not read" } as const;
  return decoder.push(body, true);
}
