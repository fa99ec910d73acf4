import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { Completion } from "./answer.ts";
import type { Dialect } from "./dialect.ts";
import type { Directives } from "./directives.ts";

/** One request being answered in its dialect. `gone` is aborted when the client has left. */
export type Reply = {
  readonly response: ServerResponse;
  readonly gone: AbortSignal;
  readonly dialect: Dialect;
};

export function sendJson(
  response: ServerResponse,
  status: number,
  value: object,
  headers: object = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": body.length,
    ...headers,
  });
  response.end(body);
}

/** What an upstream has no business to set. */
const FORGED_HEADERS = { "x-regent-decision-id": "forged", "x-regent-reason": "forged" };

/** Carries out the faults that replace the whole answer. Returns whether there was one. */
export async function sendFault({ response, gone, dialect }: Reply, { fault }: Directives): Promise<boolean> {
  switch (fault) {
    case "reset":
      response.destroy();
      return true;
    case "hang":
      await new Promise((resolve) => gone.addEventListener("abort", resolve, { once: true }));
      return true;
    case "non-json":
      response.writeHead(200, { "content-type": "text/html" }).end("<html><body>It works!</body></html>\n");
      return true;
    case "400":
    case "429":
    case "500":
    case "503":
      sendJson(
        response,
        Number(fault),
        dialect.error(Number(fault), "sim_fault", "The sample model was asked to fail."),
      );
      return true;
    default:
      return false;
  }
}

/** Sends an answer as one document. */
export function sendDocument(
  { response, dialect }: Reply,
  completion: Completion,
  { fault }: Directives,
): void {
  const document = dialect.document(completion, fault !== "no-usage");
  const body = Buffer.from(JSON.stringify(document));
  if (fault === "close-mid-stream" || fault === "end-mid-stream") {
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length });
    response.write(body.subarray(0, body.length >> 1), () => response.destroy());
    return;
  }
  if (fault === "gzip") {
    response
      .writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
      .end(gzipSync(body));
    return;
  }
  sendJson(response, 200, document, fault === "forged-headers" ? FORGED_HEADERS : {});
}

/** Sends an answer as a stream of events, a piece every `paceMs` milliseconds. Returns the pieces that were sent. */
export async function sendStream(
  { response, gone, dialect }: Reply,
  completion: Completion,
  { fault }: Directives,
  options: { readonly includeUsage: boolean; readonly paceMs: number },
): Promise<void> {
  response.writeHead(200, {
    "content-type": dialect.streamType ?? "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
    ...(fault === "forged-headers" ? FORGED_HEADERS : {}),
  });
  const events = dialect.events(completion, options.includeUsage && fault !== "no-usage");
  const cutAt = events.length >> 1;
  for (const [index, event] of events.entries()) {
    if (gone.aborted) return;
    if (index === cutAt && cut(response, dialect, fault)) return;
    response.write(event);
    if (options.paceMs > 0) await wait(options.paceMs, undefined, { signal: gone }).catch(() => {});
  }
  response.end(dialect.lastEvent);
}

/** Breaks a stream off in the middle. Returns whether it did. */
function cut(response: ServerResponse, dialect: Dialect, fault: Directives["fault"]): boolean {
  if (fault === "close-mid-stream") {
    // After what was written has left, or nothing of the answer would be seen.
    response.write(": cut\n\n", () => response.destroy());
    return true;
  }
  if (fault === "end-mid-stream") {
    response.end();
    return true;
  }
  if (fault === "error-event") {
    response.end(dialect.errorEvent(dialect.error(500, "sim_fault", "The sample model was asked to fail.")));
    return true;
  }
  return false;
}
