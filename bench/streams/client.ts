import { createHash } from "node:crypto";
import { Agent, type IncomingMessage, request } from "node:http";

/** What a client saw of one stream. */
export type Streamed = {
  readonly id: string;
  readonly status: number;
  /** SHA-256 of the bytes of the body, hex. */
  readonly sha256: string;
  /** Milliseconds from the request to the first event. */
  readonly firstMs: number;
};

export type StreamOptions = {
  readonly port: number;
  readonly id: string;
  readonly events: number;
  readonly perSecond: number;
  /** Hears how long each event took from the model server to here, milliseconds. */
  readonly onDelay: (ms: number) => void;
};

const MARK = Buffer.from('"content":"@');
const SPACE = 0x20;

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });

/** Streams one chat completion. @throws Error when the connection fails */
export function stream({ port, id, events, perSecond, onDelay }: StreamOptions): Promise<Streamed> {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now();
    const hash = createHash("sha256");
    let firstMs = Number.NaN;
    const call = request(
      {
        host: "127.0.0.1",
        port,
        method: "POST",
        path: "/v1/chat/completions",
        agent,
        headers: {
          authorization: "Bearer demo-acme-analyst",
          "content-type": "application/json",
          "x-stream-id": id,
          "x-events": String(events),
          "x-rate": String(perSecond),
        },
      },
      (response: IncomingMessage) => {
        response.on("data", (chunk: Buffer) => {
          if (Number.isNaN(firstMs)) firstMs = performance.now() - startedMs;
          hash.update(chunk);
          noteDelays(chunk, onDelay);
        });
        response.on("end", () =>
          resolve({ id, status: response.statusCode ?? 0, sha256: hash.digest("hex"), firstMs }),
        );
        response.on("error", reject);
      },
    );
    call.on("error", reject);
    call.end(BODY);
  });
}

/** The usage is asked for, so that Regent has nothing to hide and every byte must arrive. */
const BODY = JSON.stringify({
  model: "sim-small",
  messages: [{ role: "user", content: "Tell a long story." }],
  stream: true,
  stream_options: { include_usage: true },
  max_tokens: 16,
});

/** An event that is cut between chunks goes unmeasured. */
function noteDelays(chunk: Buffer, onDelay: (ms: number) => void): void {
  const now = process.hrtime.bigint();
  for (let at = chunk.indexOf(MARK); at >= 0; at = chunk.indexOf(MARK, at + MARK.length)) {
    const end = chunk.indexOf(SPACE, at + MARK.length);
    if (end < 0) return;
    const writtenNs = BigInt(chunk.toString("latin1", at + MARK.length, end));
    onDelay(Number(now - writtenNs) / 1e6);
  }
}
