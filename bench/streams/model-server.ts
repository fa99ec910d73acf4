/**
 * A model server of its own process that streams chat completions: the head of a request says how many events and how
 * many a second (`x-events`, `x-rate`). Every event carries the monotonic time at which it was written, and the SHA-256
 * of all bytes of a stream is given at `/hashes`. Its origin is its first line on stdout.
 */
import { createHash, type Hash } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

type Open = {
  readonly response: ServerResponse;
  readonly hash: Hash;
  left: number;
  readonly everyTicks: number;
  tick: number;
};

/** Streams take turns in slots of this length, so that events do not come in bursts. */
const TICK_MS = 5;

const open = new Map<string, Open>();
const hashes: { [id: string]: string } = {};

function event(delta: string, finish: string): string {
  return `data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"sim-small","choices":[{"index":0,"delta":{${delta}},"finish_reason":${finish}}]}\n\n`;
}

const END = `${event("", '"stop"')}data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1700000000,"model":"sim-small","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18}}\n\ndata: [DONE]\n\n`;

function send({ response, hash }: Open, text: string): void {
  hash.update(text);
  response.write(text);
}

function next(id: string, stream: Open): void {
  if (stream.left > 0) {
    stream.left--;
    send(stream, event(`"content":"@${process.hrtime.bigint()} word"`, "null"));
    return;
  }
  send(stream, END);
  hashes[id] = stream.hash.digest("hex");
  open.delete(id);
  stream.response.end();
}

const server = createServer((request, response) => {
  if (request.url === "/hashes") {
    response.end(JSON.stringify(hashes));
    return;
  }
  const id = String(request.headers["x-stream-id"]);
  const everyTicks = Math.max(1, Math.round(1000 / Number(request.headers["x-rate"]) / TICK_MS));
  const left = Number(request.headers["x-events"]);
  request.resume().once("end", () => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    const stream: Open = {
      response,
      hash: createHash("sha256"),
      left,
      everyTicks,
      tick: open.size % everyTicks,
    };
    open.set(id, stream);
    next(id, stream);
    response.once("close", () => open.delete(id));
  });
});

setInterval(() => {
  for (const [id, stream] of open) {
    stream.tick = (stream.tick + 1) % stream.everyTicks;
    if (stream.tick === 0) next(id, stream);
  }
}, TICK_MS);

server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`http://127.0.0.1:${port}\n`);
});
// Whoever started it holds its stdin.
process.stdin.resume().once("end", () => process.exit());
