import { type AwsHeaders, encodeAwsMessage } from "../../wire/aws-event-stream.ts";
import type { Refusal, RenderedRefusal } from "../format.ts";
import { ERROR_TYPE_HEADER } from "./error.ts";

/** An exception before it is worded. */
type Exception = Pick<Refusal, "status" | "message" | "requestId"> & { readonly code: string | null };

export function refuse(refusal: Refusal): RenderedRefusal {
  return exception(refusal);
}

/** An exception in the place of `messageStop`: the official clients raise it, by the name it has in the union of events. */
export function refuseInStream(refusal: Refusal): Buffer {
  return exceptionInStream(refusal);
}

/**
 * An exception of Bedrock (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html#API_runtime_Converse_Errors).
 * Its clients choose the exception by the header, and show the id in `x-amzn-requestid` as the request's. What is in the
 * body besides the message is copied onto the exception; a member `code` there would name the exception to some of them.
 */
export function exception(thrown: Exception): RenderedRefusal {
  const { status, requestId } = thrown;
  const type = exceptionOf(status);
  return {
    contentType: "application/json",
    body: Buffer.from(JSON.stringify({ __type: type, ...payload(thrown) })),
    headers: [
      [ERROR_TYPE_HEADER, type],
      ...(requestId === undefined ? [] : [["x-amzn-requestid", requestId] as const]),
    ],
  };
}

export function exceptionInStream(thrown: Exception): Buffer {
  const headers: AwsHeaders = new Map(
    Object.entries({
      ":exception-type": streamExceptionOf(thrown.status),
      ":content-type": "application/json",
      ":message-type": "exception",
    }).map(([name, value]) => [name, { type: "string", value }]),
  );
  return encodeAwsMessage(headers, Buffer.from(JSON.stringify(payload(thrown))));
}

function payload({ code, message }: Exception): object {
  return code === null ? { message } : { message, reason: code };
}

function exceptionOf(status: number): string {
  return EXCEPTIONS.get(status) ?? (status >= 500 ? "InternalServerException" : "ValidationException");
}

/** The exceptions that an operation has besides `ValidationException` and `InternalServerException`. */
const EXCEPTIONS: ReadonlyMap<number, string> = new Map([
  [401, "AccessDeniedException"],
  [403, "AccessDeniedException"],
  [404, "ResourceNotFoundException"],
  [408, "ModelTimeoutException"],
  [410, "ResourceNotFoundException"],
  [424, "ModelErrorException"],
  [429, "ThrottlingException"],
  [502, "ModelErrorException"],
  [503, "ServiceUnavailableException"],
  [504, "ModelTimeoutException"],
]);

/** A stream has only five. */
function streamExceptionOf(status: number): string {
  return STREAM_EXCEPTIONS.get(status) ?? (status >= 500 ? "internalServerException" : "validationException");
}

const STREAM_EXCEPTIONS: ReadonlyMap<number, string> = new Map([
  [408, "modelStreamErrorException"],
  [424, "modelStreamErrorException"],
  [429, "throttlingException"],
  [502, "modelStreamErrorException"],
  [503, "serviceUnavailableException"],
  [504, "modelStreamErrorException"],
]);
