import type { status } from "@grpc/grpc-js";

/** A failed call. For Envoy that is no decision: it refuses, unless it was told to let failures pass. */
export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: status;

  /** `message` is sent to Envoy, which logs it and shows it to no client. */
  constructor(code: status, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
