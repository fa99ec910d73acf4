import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants } from "node:http2";
import { type TestContext, test } from "node:test";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { encodeProcessingRequest } from "../codec.ts";
import { CONNECTION_WINDOW_BYTES, STREAM_WINDOW_BYTES, setHttp2Limits } from "./http2-limits.ts";
import type { ServerLog } from "./options.ts";
import { EXT_PROC_SERVICE, type ProcessHandler, startGrpcServer } from "./server.ts";
import { proveStreamResets } from "./stream-reset-probe.ts";

const EXCHANGES = 20_000;
/** Exchanges in flight, as a busy Envoy has. */
const CONCURRENCY = 64;

const NO_LOG: ServerLog = { info() {}, warn() {}, error() {} };

/** A message in gRPC's framing: not compressed, length, bytes. */
function framed(bytes: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

const REQUEST_HEADERS = framed(encodeProcessingRequest({ requestHeaders: { endOfStream: true } }));

async function connectTo(t: TestContext, process: ProcessHandler): Promise<ClientHttp2Session> {
  const server = await startGrpcServer(
    { listen: { kind: "tcp", host: "127.0.0.1", port: 0 }, messageBytesMax: 1024 },
    { check: () => Promise.reject(new Error("not in this test")), process },
    NO_LOG,
  );
  assert.ok(server.address.kind === "tcp");
  const session = connect(`http://127.0.0.1:${server.address.port}`);
  t.after(async () => {
    session.destroy();
    await server.close(0);
  });
  await once(session, "connect");
  return session;
}

function openStream(session: ClientHttp2Session, path = `/${EXT_PROC_SERVICE}/Process`) {
  return session.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    te: "trailers",
  });
}

/** One exchange as Envoy has it: a message, its answer, and a reset. */
async function exchange(session: ClientHttp2Session): Promise<void> {
  const stream = openStream(session);
  stream.on("error", () => {});
  stream.write(REQUEST_HEADERS);
  await once(stream, "data");
  const closed = new Promise((resolve) => stream.once("close", resolve));
  stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  await closed;
}

/** Counts calls from their start to their cancellation. */
function callCounter() {
  const calls = { started: 0, open: 0, most: 0, idle: Promise.withResolvers<void>() };
  const process: ProcessHandler = (call) => {
    calls.started += 1;
    calls.open += 1;
    calls.most = Math.max(calls.most, calls.open);
    calls.idle = Promise.withResolvers();
    call.on("data", () => call.write({ requestHeaders: {} }));
    call.on("cancelled", () => {
      calls.open -= 1;
      if (calls.open === 0) calls.idle.resolve();
    });
  };
  return { calls, process };
}

test(`answers ${EXCHANGES} exchanges on one connection that resets each of them, without a failure`, async (t) => {
  const { calls, process } = callCounter();
  const session = await connectTo(t, process);
  let left = EXCHANGES;
  const worker = async () => {
    while (left-- > 0) await exchange(session);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  await calls.idle.promise;
  assert.equal(calls.started, EXCHANGES);
  assert.equal(session.destroyed, false);
  assert.ok(calls.most <= 2 * CONCURRENCY, `${calls.most} streams were open at once`);
});

test("makes no error of a stream that Envoy resets, and tells its handler that it was cancelled", async (t) => {
  const errors: unknown[] = [];
  const onError = (event: unknown) => errors.push(event);
  subscribe("http2.server.stream.error", onError);
  t.after(() => unsubscribe("http2.server.stream.error", onError));
  const { calls, process } = callCounter();
  const session = await connectTo(t, process);
  await exchange(session);
  await calls.idle.promise;
  assert.equal(calls.started, 1);
  assert.deepEqual(errors, []);
});

test("survives streams that are reset before they are looked at, and tells the handler of each that it began", async (t) => {
  const { calls, process } = callCounter();
  const session = await connectTo(t, process);
  const resetAtOnce = async (path: string, type: string) => {
    const headers = { ":method": "POST", ":path": path, "content-type": type, te: "trailers" };
    const stream = session.request(headers);
    stream.on("error", () => {});
    stream.close(constants.NGHTTP2_CANCEL);
    await once(stream, "close");
  };
  for (let round = 0; round < 200; round++) {
    await Promise.all([
      resetAtOnce("/no.Such/Method", "application/grpc"),
      resetAtOnce(`/${EXT_PROC_SERVICE}/Process`, "text/plain"),
      resetAtOnce(`/${EXT_PROC_SERVICE}/Process`, "application/grpc"),
      resetAtOnce("/grpc.health.v1.Health/Watch", "application/grpc"),
    ]);
  }
  await exchange(session);
  await calls.idle.promise;
  assert.ok(calls.started > 0);
});

test("lets a client send as much unread as the windows say, on one stream and on all of a connection", async (t) => {
  const session = await connectTo(t, () => {});
  if (session.remoteSettings.initialWindowSize !== STREAM_WINDOW_BYTES) await once(session, "remoteSettings");
  assert.equal(session.remoteSettings.initialWindowSize, STREAM_WINDOW_BYTES);
  // The window update of the connection follows the settings in the same write; an answered ping says it has come.
  await new Promise((resolve) => session.ping(resolve));
  assert.equal(session.state.remoteWindowSize, CONNECTION_WINDOW_BYTES);
});

function gatewayOf(server: Server) {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  return (connection: Parameters<typeof injector.injectConnection>[0]) =>
    injector.injectConnection(connection);
}

function createGrpcServer(): Server {
  return new Server({ "grpc.enable_channelz": 0 });
}

test("proves that a server stands the resets of Envoy", async (t) => {
  const server = createGrpcServer();
  t.after(() => server.forceShutdown());
  setHttp2Limits(server, NO_LOG);
  await proveStreamResets(gatewayOf(server));
});

test("fails at start, and says why, when the limits do not reach the HTTP/2 server", async (t) => {
  const server = createGrpcServer();
  t.after(() => server.forceShutdown());
  setHttp2Limits(server, NO_LOG);
  // What an update of grpc-js would do that builds its options anew.
  const inside = server as unknown as { commonServerOptions: { [name: string]: unknown } };
  delete inside.commonServerOptions.streamResetBurst;
  delete inside.commonServerOptions.streamResetRate;
  await assert.rejects(
    proveStreamResets(gatewayOf(server)),
    /ends connections that reset streams.*does not start/,
  );
});

test("fails at start, and says why, when grpc-js is built otherwise inside", () => {
  for (const renamed of ["commonServerOptions", "_streamHandler"]) {
    const server = createGrpcServer();
    Object.defineProperty(server, renamed, { value: undefined });
    assert.throws(() => setHttp2Limits(server, NO_LOG), /built otherwise inside.*does not start/);
  }
});

test("fails at start when the server does not speak at all", async () => {
  await assert.rejects(
    proveStreamResets((connection) => connection.end()),
    /does not start/,
  );
});
