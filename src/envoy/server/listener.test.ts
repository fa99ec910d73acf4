import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { listen } from "./listener.ts";
import { CONNECTIONS_MAX } from "./options.ts";

test("closes connections beyond the limit at once, says so, and takes others when some have ended", async (t) => {
  const warnings: string[] = [];
  const log = { info() {}, error() {}, warn: (_fields: object, message: string) => warnings.push(message) };
  const greet = (connection: Duplex) => connection.on("error", () => {}).write("hello");
  const listener = await listen({ listen: { kind: "tcp", host: "localhost", port: 0 } }, log, greet);
  const { address } = listener;
  assert.ok(address.kind === "tcp");
  const sockets: Socket[] = [];
  const connect = () => {
    const socket = createConnection(address.port, address.host).on("error", () => {});
    sockets.push(socket);
    return socket;
  };
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.close();
  });

  await Promise.all(Array.from({ length: CONNECTIONS_MAX }, () => once(connect(), "data")));
  await once(connect().resume(), "close");
  assert.deepEqual(warnings, ["connection refused: too many are open"]);

  sockets[0]?.end();
  await once(sockets[0]?.resume() as Socket, "close");
  await once(connect(), "data");
});
