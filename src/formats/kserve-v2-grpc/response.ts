import { RegentError } from "../../exchange/errors.ts";
import { type Headers, singleHeader } from "../../exchange/headers.ts";
import type { AnswerError } from "../../exchange/inference.ts";
import type { JsonObject } from "../../exchange/json.ts";
import { keptWord } from "../bounds.ts";
import type { ReadAnswer, ResponseMessage } from "../format.ts";
import { answerOf, outputBytesOf } from "./answer.ts";
import { readFrames } from "./frames.ts";
import { type InferMessage, parseInfer } from "./messages.ts";
import { messageReading } from "./reading.ts";
import { GRPC_STATUS_NAMES } from "./status.ts";
import { fieldBudget } from "./wire.ts";

/** Reads the answer to `ModelInfer`: one `ModelInferResponse`, or a status in the headers and no message. */
export function readResponse(message: ResponseMessage): ReadAnswer {
  const error = statusError(message.headers) ?? plainError(message);
  if (error !== undefined) return answerOf({ error });
  try {
    const response = parseResponse(message);
    return answerOf({ model: response.model?.text, outputBytes: outputBytesOf(response) });
  } catch (thrown) {
    return answerOf({ invalid: detailOf(thrown) });
  }
}

/** @throws RegentError body_invalid */
export function describeResponse(message: ResponseMessage): JsonObject {
  const error = statusError(message.headers) ?? plainError(message);
  return error === undefined ? messageReading(parseResponse(message)) : {};
}

/** @throws RegentError body_invalid or encoding_unsupported: here the fault is the upstream's */
export function parseResponse({ bytes, headers }: Pick<ResponseMessage, "bytes" | "headers">): InferMessage {
  const [first, ...more] = readFrames(bytes, headers);
  if (first === undefined || more.length > 0)
    throw new RegentError(
      "body_invalid",
      `The body has ${more.length + (first ? 1 : 0)} messages, and an answer is one.`,
    );
  return parseInfer("response", first.bytes, fieldBudget());
}

/** The status of a call that failed before it had a message: gRPC sends it in the headers then. */
export function statusError(headers: Headers): AnswerError | undefined {
  const status = singleHeader(headers, "grpc-status").value;
  if (status === undefined || status === "0") return undefined;
  const message = singleHeader(headers, "grpc-message").value ?? "";
  const code = GRPC_STATUS_NAMES[Number(status)] ?? keptWord(status);
  return { type: null, message: decoded(message), code };
}

/**
 * The status behind the messages of a call. Without one the server, or something in front of it, broke the protocol, and
 * clients raise UNKNOWN (https://github.com/grpc/grpc/blob/master/doc/statuscodes.md); two are none.
 */
export function trailersError(trailers: Headers): AnswerError | undefined {
  const { value, repeated } = singleHeader(trailers, "grpc-status");
  if (value === undefined || repeated)
    return { type: null, message: "The call ended without a status.", code: "UNKNOWN" };
  return statusError(trailers);
}

/** What is in front of a server, or Regent to a client that does not speak gRPC, answers with an HTTP status and a text. */
function plainError({ status, bytes }: ResponseMessage): AnswerError | undefined {
  return status < 400 ? undefined : { type: null, message: keptText(bytes), code: null };
}

/** Bytes of an error's text that are kept. */
const ERROR_BYTES_MAX = 4096;

function keptText(bytes: Buffer): string {
  return bytes.toString("utf8", 0, Math.min(bytes.length, ERROR_BYTES_MAX));
}

/** Percent-encoded by the protocol; what is not is taken as it stands. */
function decoded(message: string): string {
  const kept = message.slice(0, ERROR_BYTES_MAX);
  try {
    return decodeURIComponent(kept);
  } catch {
    return kept;
  }
}

export function detailOf(error: unknown): string {
  const { detail, message, kind } = RegentError.from(error);
  if (kind !== "content") throw error;
  return detail ?? message;
}
