import http from "node:http";
import https from "node:https";
import { Fault } from "./error.ts";

/** Bytes of the head of an answer. Node's own default; said here because the bound is ours to keep. */
export const HEAD_BYTES_MAX = 16 * 1024;

export type HttpAgent = http.Agent | https.Agent;

export type HttpRequest = {
  readonly url: URL;
  readonly method: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: Buffer;
  readonly agent: HttpAgent;
  /** For the whole exchange, milliseconds. */
  readonly timeoutMs: number;
  /** Until the head of the answer is there, milliseconds; 0: only `timeoutMs` counts. */
  readonly headTimeoutMs: number;
  /** Bytes of the body of the answer at most. */
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
};

export type HttpResponse = {
  readonly status: number;
  /** By lower-case name; repeated ones joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
};

/**
 * One HTTP/1.1 exchange: no redirect followed, no coding undone, nothing retried. Ends within `timeoutMs` whatever the
 * server does, and never holds more than `maxBytes` of its body.
 * @throws Fault
 */
export function exchange(options: HttpRequest): Promise<HttpResponse> {
  const { url, method, headers, body, agent, timeoutMs, headTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Fault("aborted", "the request was given up"));
    const send = url.protocol === "https:" ? https.request : http.request;
    const request = send(url, { method, headers, agent, maxHeaderSize: HEAD_BYTES_MAX });
    const after = (ms: number, what: string) =>
      setTimeout(() => request.destroy(new Fault("timeout", `${what} within ${ms} ms`)), ms);
    const whole = after(timeoutMs, "no complete answer");
    const head = headTimeoutMs === 0 ? undefined : after(headTimeoutMs, "no head of an answer");
    const abort = () => request.destroy(new Fault("aborted", "the request was given up"));
    signal?.addEventListener("abort", abort, { once: true });
    const settle = () => {
      clearTimeout(whole);
      clearTimeout(head);
      signal?.removeEventListener("abort", abort);
    };
    const fail = (error: Error) => {
      settle();
      reject(faultOf(error, request.reusedSocket));
    };

    // An error may come after the promise is settled (a reset of a connection that is put back): it has no one to tell.
    request.on("error", fail);
    request.on("response", (response) => {
      clearTimeout(head);
      collect(request, response, options.maxBytes).then((answer) => {
        settle();
        resolve(answer);
      }, fail);
    });
    request.end(body);
  });
}

/** Reads the body of an answer within its bound. */
function collect(
  request: http.ClientRequest,
  response: http.IncomingMessage,
  maxBytes: number,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const tooLarge = () => {
      const fault = new Fault("too_large", `its answer is larger than ${maxBytes} bytes`);
      reject(fault);
      request.destroy(fault);
    };
    if (Number(response.headers["content-length"] ?? 0) > maxBytes) return tooLarge();
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) tooLarge();
      else chunks.push(chunk);
    });
    response.on("error", (error) => reject(request.errored ?? broken(bytes, error)));
    response.on("close", () => {
      // Without effect after "end" or "error"; it is there so that no way of ending leaves a caller waiting.
      reject(request.errored ?? broken(bytes));
    });
    response.on("end", () => {
      if (!response.complete) return reject(broken(bytes));
      const headers = new Map<string, string>();
      for (const [name, value] of Object.entries(response.headers))
        headers.set(name, Array.isArray(value) ? value.join(", ") : (value ?? ""));
      resolve({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
    });
  });
}

function broken(bytes: number, cause?: Error): Fault {
  return new Fault("broken", `the connection ended inside its answer, after ${bytes} bytes of the body`, {
    cause,
  });
}

/** A connection that was kept open and turned out to be closed: the request may be sent again. */
export class StaleConnection extends Fault {}

const UNREACHABLE = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
]);
const RESET = new Set(["ECONNRESET", "EPIPE"]);

function faultOf(error: Error, reusedSocket: boolean): Fault {
  if (error instanceof Fault) return error;
  const code = (error as NodeJS.ErrnoException).code ?? "";
  const options = { cause: error };
  if (RESET.has(code) && reusedSocket)
    return new StaleConnection("unreachable", "the connection ended before an answer", options);
  if (RESET.has(code)) return new Fault("unreachable", "the connection ended before an answer", options);
  if (UNREACHABLE.has(code) || error instanceof AggregateError)
    return new Fault("unreachable", `it cannot be reached: ${messageOf(error)}`, options);
  if (isTls(code)) return new Fault("tls", `TLS failed: ${messageOf(error)}${tlsAdvice(code)}`, options);
  if (code.startsWith("HPE_"))
    return new Fault("broken", `it does not answer in HTTP: ${error.message}`, options);
  return new Fault("unreachable", messageOf(error), options);
}

function isTls(code: string): boolean {
  return /^(?:ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_|EPROTO$)/.test(code);
}

/** A server whose CA is not known, or that shows a certificate for another name. */
function tlsAdvice(code: string): string {
  return /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/.test(code)
    ? "; name the CA of the service in tls.caFile"
    : "";
}

/** An error for several addresses has the words in its parts. */
function messageOf(error: Error): string {
  return error instanceof AggregateError
    ? error.errors.map((part) => String(part.message)).join("; ")
    : error.message;
}
