import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

/** What the upstream saw of one request. */
export type Seen = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  /** Undefined until the body has ended. */
  body: Buffer | undefined;
};

/** The oracle of every test: an upstream that remembers all that reached it. */
export type Witness = {
  readonly port: number;
  readonly seen: readonly Seen[];
  stop(): Promise<void>;
};

export type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

/** Answers 200 and a small JSON document. */
export const answerOk: Answer = (_request, response) => {
  response.setHeader("content-type", "application/json");
  response.end('{"answer":"from the upstream"}');
};

/** Starts an upstream on a port the system chose. `answer` runs once the request's body has ended. */
export async function startWitness(answer: Answer = answerOk): Promise<Witness> {
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const server = createServer(async (request, response) => {
    const entry: Seen = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: undefined,
    };
    seen.push(entry);
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // The request was cut: what was seen of it stands in `seen`, without a body.
    }
    entry.body = Buffer.concat(chunks);
    answer(request, response, entry.body);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
