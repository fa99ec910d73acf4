import http from "node:http";
import https from "node:https";
import { Fault } from "./error.ts";

/** Bytes of the head of an answer. Node's own default; said here because the bound is ours to keep. */
export const HEAD_BYTES_MAX = 16 * 1024;

/** The longest wait that a timer can take; a longer one would end at once. */
const TIMER_MS_MAX = 2 ** 31 - 1;

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
  const { url, method, headers, body, agent, timeoutMs, headTimeoutMs, maxBytes, signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new Fault("aborted", "the request was given up"));
    const send = url.protocol === "https:" ? https.request : http.request;
    const request = send(url, { method, headers, agent, maxHeaderSize: HEAD_BYTES_MAX });
    // The first to settle it counts: what a destroyed connection says later is only its consequence.
    const fail = (error: Error) => {
      settle();
      reject(faultOf(error, request.reusedSocket));
    };
    const stop = (fault: Fault) => {
      fail(fault);
      request.destroy(fault);
    };
    const after = (ms: number, what: string) =>
      setTimeout(
        () => stop(new Fault("timeout", `${what} within ${Math.ceil(ms)} ms`)),
        Math.min(ms, TIMER_MS_MAX),
      );
    const whole = after(timeoutMs, "no complete answer");
    const head = headTimeoutMs === 0 ? undefined : after(headTimeoutMs, "no head of an answer");
    const abort = () => stop(new Fault("aborted", "the request was given up"));
    signal?.addEventListener("abort", abort, { once: true });
    const settle = () => {
      clearTimeout(whole);
      clearTimeout(head);
      signal?.removeEventListener("abort", abort);
    };

    request.on("error", fail);
    request.on("response", (response) => {
      clearTimeout(head);
      collect(response, maxBytes, stop, (answer) => {
        settle();
        resolve(answer);
      });
    });
    request.end(body);
  });
}

/** Reads the body of an answer within its bound. */
function collect(
  response: http.IncomingMessage,
  maxBytes: number,
  stop: (fault: Fault) => void,
  done: (answer: HttpResponse) => void,
): void {
  const tooLarge = () => stop(new Fault("too_large", `its answer is larger than ${maxBytes} bytes`));
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) tooLarge();
    else chunks.push(chunk);
  });
  response.on("error", (error) => stop(broken(bytes, error)));
  response.on("end", () => {
    if (!response.complete) return stop(broken(bytes));
    const headers = new Map<string, string>();
    for (const [name, value] of Object.entries(response.headers))
      headers.set(name, Array.isArray(value) ? value.join(", ") : (value ?? ""));
    done({ status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) });
  });
  if (Number(response.headers["content-length"] ?? 0) > maxBytes) tooLarge();
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
