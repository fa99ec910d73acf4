/** What kind of thing went wrong between Regent and a service, for whoever decides whether to try again. */
export type ServiceFault =
  /** The name does not resolve, nobody listens, the connection broke before an answer began. */
  | "unreachable"
  /** The TLS handshake failed: an unknown CA, an expired certificate, a wrong name. */
  | "tls"
  /** A deadline passed: for the head of the answer, or for all of it. */
  | "timeout"
  /** The answer ended before it was complete, or is no HTTP. */
  | "broken"
  | "too_large"
  /** It answers with a redirect that is not followed. */
  | "redirect"
  /** A token, key or certificate of ours cannot be had or used. */
  | "credentials"
  /** The caller, or the end of the process, ended the wait. */
  | "aborted"
  /** The request could not be made at all. */
  | "invalid";

/** An HTTP exchange with a service that gave no answer. Names service and URL; holds no credentials and no query. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  readonly service: string;
  readonly fault: ServiceFault;
  /** What went wrong, without service and URL: for a message that names them itself. */
  readonly reason: string;

  /** @param request method and URL of what was asked, without query; undefined: nothing was asked yet. */
  constructor(
    service: string,
    fault: ServiceFault,
    request: string | undefined,
    reason: string,
    cause?: unknown,
  ) {
    const where = request === undefined ? "" : `${request}: `;
    super(`the service ${service}: ${where}${reason}`, cause === undefined ? undefined : { cause });
    this.service = service;
    this.fault = fault;
    this.reason = reason;
  }
}

/** A fault before it is known which service it belongs to; `createService` makes a {@link ServiceError} of it. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly fault: ServiceFault;

  constructor(fault: ServiceFault, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.fault = fault;
  }
}
