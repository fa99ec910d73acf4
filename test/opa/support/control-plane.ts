import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gunzipSync } from "node:zlib";

/** One thing that came in. */
export type Received = {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Json;
};
// biome-ignore lint/suspicious/noExplicitAny: documents of two programs, compared as they are
type Json = any;

/** OPA's control plane on loopback: it gives bundles with their ETags, and keeps the logs and statuses that it is sent. */
export type ControlPlane = {
  readonly url: string;
  /** What is served at a path from now on; undefined: 404. */
  serve(path: string, bundle: Buffer | undefined): void;
  /** Requests for bundles so far, with the status of the answer. */
  readonly downloads: readonly { readonly path: string; readonly status: number }[];
  /** Resolves with the first decision (or status) that fits and comes, or came, in. */
  decision(fits: (event: Json) => boolean): Promise<Json>;
  status(fits: (status: Json) => boolean): Promise<Json>;
  readonly decisions: readonly Json[];
  readonly received: readonly Received[];
  stop(): Promise<void>;
};

/** Milliseconds that something may take to come in on a busy machine. */
const WAIT_MS_MAX = 30_000;

export async function startControlPlane(): Promise<ControlPlane> {
  const bundles = new Map<string, Buffer>();
  const downloads: { path: string; status: number }[] = [];
  const received: Received[] = [];
  const decisions: Json[] = [];
  const statuses: Json[] = [];
  const listeners = new Set<() => void>();
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    if (request.method === "GET") {
      const bundle = bundles.get(path);
      const etag = bundle === undefined ? "" : `"${createHash("sha256").update(bundle).digest("hex")}"`;
      const status = bundle === undefined ? 404 : request.headers["if-none-match"] === etag ? 304 : 200;
      downloads.push({ path, status });
      response
        .writeHead(status, bundle === undefined ? {} : { etag })
        .end(status === 200 ? bundle : undefined);
    } else {
      const body = JSON.parse(await bodyOf(request));
      received.push({ path, authorization: request.headers.authorization, body });
      if (path.startsWith("/logs")) decisions.push(...body);
      else statuses.push(body);
      response.writeHead(200).end();
    }
    for (const listener of listeners) listener();
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");

  const until = (list: readonly Json[], fits: (each: Json) => boolean, what: string): Promise<Json> => {
    const { promise, resolve, reject } = Promise.withResolvers<Json>();
    const look = () => {
      const found = list.find(fits);
      if (found !== undefined) resolve(found);
    };
    const timer = setTimeout(
      () => reject(new Error(`no such ${what} came in; of ${list.length} the last is ${brief(list.at(-1))}`)),
      WAIT_MS_MAX,
    );
    listeners.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      listeners.delete(look);
    });
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve(path, bundle) {
      if (bundle === undefined) bundles.delete(path);
      else bundles.set(path, bundle);
    },
    ...{ downloads, decisions, received },
    decision: (fits) => until(decisions, fits, "decision"),
    status: (fits) => until(statuses, fits, "status"),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Without metrics, which fill pages. */
function brief(document: Json): string {
  return JSON.stringify({ ...document, metrics: undefined });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body).toString("utf8");
}
