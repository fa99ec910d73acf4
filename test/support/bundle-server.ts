import { createHash } from "node:crypto";
import { EventEmitter, once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { JsonObject } from "../../src/exchange/json.ts";
import { bodyOf, type RunningServer, startHttpServer } from "./http-server.ts";

const BUNDLE_TYPE = "application/vnd.openpolicyagent.bundles";

/** Two cores may be busy; an OPA starts within a second on idle ones. */
const STATUS_WAIT_MS = 30_000;

export type BundleRequest = {
  readonly path: string;
  readonly agent: string;
  readonly prefer: string;
  readonly etag: string | undefined;
};

/**
 * A service after OPA's documentation: bundles with ETag, 304 and long polling, and a receiver of status.
 * @see https://www.openpolicyagent.org/docs/management-bundles#bundle-service-api
 */
export class BundleServer extends EventEmitter {
  readonly requests: BundleRequest[] = [];
  /** Status documents by who sent them (`user-agent` up to its first slash). */
  readonly statuses: { readonly agent: string; readonly document: JsonObject }[] = [];
  /** Whether it says that it speaks long polling. */
  longPolling = false;
  #archive: Buffer = Buffer.alloc(0);
  #server: RunningServer | undefined;

  static async start(): Promise<BundleServer> {
    const server = new BundleServer();
    server.#server = await startHttpServer((request, response) => void server.#handle(request, response));
    return server;
  }

  get url(): string {
    return this.#server?.url ?? "";
  }

  close(): Promise<void> {
    return this.#server?.close() ?? Promise.resolve();
  }

  publish(archive: Buffer): void {
    this.#archive = archive;
    this.emit("published");
  }

  /** The newest status of a sender that fits; waits until there is one. */
  async status(agent: string, fits: (document: JsonObject) => boolean): Promise<JsonObject> {
    const enough = AbortSignal.timeout(STATUS_WAIT_MS);
    for (;;) {
      const found = this.statuses.findLast((status) => status.agent === agent && fits(status.document));
      if (found !== undefined) return found.document;
      await once(this, "status", { signal: enough });
    }
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const agent = String(request.headers["user-agent"]).split("/")[0] ?? "";
    if (request.method === "POST") {
      const document = JSON.parse((await bodyOf(request)).toString()) as JsonObject;
      this.statuses.push({ agent, document });
      response.writeHead(204).end();
      this.emit("status");
      return;
    }
    const { prefer = "", "if-none-match": asked } = request.headers;
    this.requests.push({ path: request.url ?? "", agent, prefer: String(prefer), etag: asked });
    this.emit("request");
    const waitS = Number(/(?:^|;)wait=(\d+)/.exec(String(prefer))?.[1] ?? 0);
    if (this.longPolling && asked === this.#etag()) await this.#newsOr(waitS * 1000);
    const etag = this.#etag();
    const type = this.longPolling ? BUNDLE_TYPE : "application/gzip";
    if (asked === etag) response.writeHead(304, { etag }).end();
    else response.writeHead(200, { etag, "content-type": type }).end(this.#archive);
  }

  async #newsOr(ms: number): Promise<void> {
    const enough = AbortSignal.timeout(ms);
    await once(this, "published", { signal: enough }).catch((error: unknown) => {
      if (!enough.aborted) throw error;
    });
  }

  #etag(): string {
    return `"${createHash("sha256").update(this.#archive).digest("hex").slice(0, 16)}"`;
  }
}
