import { connect, type Socket } from "node:net";

/** One answer as far as a load test needs it. */
export type Answered = { readonly status: number; readonly latencyMs: number };

/** No answer in this time counts as a failure of the connection. */
const ANSWER_TIMEOUT_MS = 10_000;

/** The bytes of an HTTP/1.1 request with a JSON body. */
export function postRequest(
  path: string,
  headers: { readonly [name: string]: string },
  body: string,
): Buffer {
  const fields = Object.entries({
    host: "localhost",
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${fields.join("")}\r\n${body}`);
}

/**
 * A keep-alive connection that sends one request after the other and reads as much of the answers as it must. A full
 * HTTP client would take more of the machine than what is measured.
 */
export class LoadConnection {
  readonly #socket: Socket;
  #buffer: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (status: number) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error("no answer in time")));
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", (error) => this.#waiting?.reject(error));
    socket.on("close", () => this.#waiting?.reject(new Error("the connection was closed")));
  }

  static open(port: number): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        resolve(new LoadConnection(socket));
      });
    });
  }

  async send(request: Buffer): Promise<Answered> {
    const startedMs = performance.now();
    const status = await new Promise<number>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(request);
    });
    return { status, latencyMs: performance.now() - startedMs };
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    const end = answerEnd(this.#buffer);
    if (end === undefined || this.#waiting === undefined) return;
    const status = Number(this.#buffer.toString("latin1", 9, 12));
    this.#buffer = this.#buffer.subarray(end);
    const { resolve } = this.#waiting;
    this.#waiting = undefined;
    resolve(status);
  }
}

/** Offset behind the first whole answer in the buffer; undefined while it is not whole. */
function answerEnd(buffer: Buffer): number | undefined {
  const headEnd = buffer.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const head = buffer.toString("latin1", 0, headEnd).toLowerCase();
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1];
  if (length !== undefined) {
    const end = headEnd + 4 + Number(length);
    return buffer.length >= end ? end : undefined;
  }
  if (!head.includes("transfer-encoding: chunked")) return headEnd + 4;
  const last = buffer.indexOf("\r\n0\r\n\r\n", headEnd + 2);
  return last === -1 ? undefined : last + 7;
}

export type LoadOptions = {
  readonly port: number;
  readonly connections: number;
  /** Ends after this many requests, or after this time, whichever comes first. */
  readonly requestsMax: number;
  readonly durationMs: number;
  /** The request to send as number `index`. */
  readonly request: (index: number) => Buffer;
};

export type LoadResult = {
  readonly durationMs: number;
  /** Requests by status; 0 stands for a connection that failed. */
  readonly statuses: ReadonlyMap<number, number>;
  /** Of every request, sorted. */
  readonly latenciesMs: Float64Array;
};

/** Sends requests over some connections in a closed loop: each waits for its answer before it sends the next. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const statuses = new Map<number, number>();
  const latencies: number[] = [];
  const startedMs = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    let connection = await LoadConnection.open(options.port);
    while (next < options.requestsMax && performance.now() - startedMs < options.durationMs) {
      const index = next++;
      try {
        const { status, latencyMs } = await connection.send(options.request(index));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        latencies.push(latencyMs);
      } catch {
        // Counted as what it is: a request without an answer. The next one gets a new connection.
        statuses.set(0, (statuses.get(0) ?? 0) + 1);
        connection = await LoadConnection.open(options.port);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: options.connections }, worker));
  return {
    durationMs: performance.now() - startedMs,
    statuses,
    latenciesMs: Float64Array.from(latencies).sort(),
  };
}

/** The value below which a share of the sorted values lies. */
export function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
