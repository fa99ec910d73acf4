import { type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";

/** What a client saw of an answer. */
export type Received = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** `broken`: the transfer was cut, so that the client knows that something is missing. */
  readonly end: "clean" | "broken";
};

export type Sent = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
  /** Sends the body in chunks, without a length. */
  readonly chunked?: boolean;
  /** Called with each piece of the answer; returning true aborts the request. */
  readonly onPiece?: (text: string) => boolean;
};

/** Sends one request over a connection of its own and takes in the whole answer. Rejects when none begins. */
export function send(port: number, sent: Sent = {}): Promise<Received> {
  const { method = sent.body === undefined ? "GET" : "POST", path = "/v1/x", body = "" } = sent;
  const length = sent.chunked || body.length === 0 ? {} : { "content-length": Buffer.byteLength(body) };
  const { promise, resolve, reject } = Promise.withResolvers<Received>();
  const outgoing = request({
    host: "127.0.0.1",
    port,
    method,
    path,
    agent: false,
    headers: { ...length, ...(sent.headers as Record<string, string | string[]>) },
  });
  outgoing.on("error", reject);
  outgoing.on("response", (incoming) => void receive(incoming, sent.onPiece).then(resolve, reject));
  outgoing.end(body);
  return promise;
}

async function receive(incoming: IncomingMessage, onPiece: Sent["onPiece"]): Promise<Received> {
  let body = "";
  let end: Received["end"] = "clean";
  try {
    for await (const piece of incoming) {
      body += piece;
      if (onPiece?.(String(piece))) incoming.destroy();
    }
  } catch {
    end = "broken";
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body, end };
}

/** An HTTP/2 request that ends with trailers, with or without data before them. Gives the status. */
export async function sendTrailers(port: number, path: string, data: string | undefined): Promise<number> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  session.on("error", reject);
  const stream = session.request({ ":method": "POST", ":path": path }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "x-trailer": "1" }));
  stream.on("response", (headers) => resolve(Number(headers[":status"])));
  stream.on("error", reject);
  stream.resume();
  stream.end(data);
  const status = await promise;
  session.destroy();
  return status;
}
