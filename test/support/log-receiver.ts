import type http from "node:http";
import { gunzipSync } from "node:zlib";
import type { JsonObject } from "../../src/exchange/json.ts";
import { bodyOf, type RunningServer, startHttpServer } from "./http-server.ts";

/** What a receiver does with the next request instead of taking it. */
export type Misbehaviour =
  | { readonly kind: "status"; readonly status: number }
  /** Never answers. */
  | { readonly kind: "hang" }
  /** Closes the connection in the middle of its answer. */
  | { readonly kind: "cut" }
  /** Answers more than anyone wants to read. */
  | { readonly kind: "flood" };

export type LogReceiver = RunningServer & {
  /** Every event that was taken, in the order in which it came. */
  readonly events: readonly JsonObject[];
  /** Every request that was taken. */
  readonly uploads: readonly { readonly path: string; readonly bytes: number; readonly events: number }[];
  /** Requests that came, taken or not. */
  readonly attempts: number;
  /** Resolves when so many events were taken. */
  received(events: number): Promise<void>;
  /** Resolves when so many requests came. */
  attempted(requests: number): Promise<void>;
  /** From now on; undefined: behaves. */
  misbehave(how: Misbehaviour | undefined): void;
};

/**
 * A receiver of decision logs after OPA's documentation: `POST`, `Content-Encoding: gzip`, an array of events
 * (https://www.openpolicyagent.org/docs/management-decision-logs#decision-log-service-api). Anything else is 400.
 */
export async function startLogReceiver(): Promise<LogReceiver> {
  const events: JsonObject[] = [];
  const uploads: { path: string; bytes: number; events: number }[] = [];
  const waiting = new Set<() => void>();
  let attempts = 0;
  let misbehaviour: Misbehaviour | undefined;

  const take = async (request: http.IncomingMessage): Promise<number> => {
    const body = await bodyOf(request);
    if (request.method !== "POST" || request.headers["content-encoding"] !== "gzip") return 400;
    if (request.headers["content-type"] !== "application/json") return 400;
    const chunk = JSON.parse(gunzipSync(body).toString("utf8")) as JsonObject[];
    if (!Array.isArray(chunk) || chunk.length === 0) return 400;
    events.push(...chunk);
    uploads.push({ path: request.url ?? "", bytes: body.length, events: chunk.length });
    return 200;
  };
  const server = await startHttpServer((request, response) => {
    attempts += 1;
    const answered =
      misbehaviour === undefined
        ? take(request).then((status) => response.writeHead(status).end())
        : bodyOf(request).then(() => misbehaviour !== undefined && act(misbehaviour, response));
    answered
      .catch(() => response.writeHead(400).end())
      .finally(() => {
        for (const look of waiting) look();
      });
  });
  const until = (condition: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!condition()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  return {
    ...server,
    events,
    uploads,
    get attempts() {
      return attempts;
    },
    received: (count) => until(() => events.length >= count),
    attempted: (count) => until(() => attempts >= count),
    misbehave(how) {
      misbehaviour = how;
    },
  };
}

function act(how: Misbehaviour, response: http.ServerResponse): void {
  switch (how.kind) {
    case "status":
      response.writeHead(how.status).end("no");
      return;
    case "hang":
      return;
    case "cut":
      response.writeHead(200, { "content-length": "10" }).write("half", () => response.destroy());
      return;
    case "flood":
      response.writeHead(200).end(Buffer.alloc(1024 * 1024));
  }
}
