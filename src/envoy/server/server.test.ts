import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { Metadata, status } from "@grpc/grpc-js";
import { connectEnvoy } from "../../../test/support/grpc-client.ts";
import {
  decodeCheckResponse2,
  decodeHealthCheckResponse,
  encodeCheckRequest,
  encodeCheckRequest2,
  encodeHealthCheckRequest,
  encodeProcessingRequest,
  ServingStatus,
} from "../codec.ts";
import { GrpcError } from "./grpc-error.ts";
import { WATCHERS_MAX } from "./health.ts";
import { type GrpcServerOptions, SESSION_MEMORY_MB_MAX, type ServerLog } from "./options.ts";
import {
  EXT_AUTHZ_SERVICE,
  EXT_AUTHZ_SERVICE_2,
  EXT_PROC_SERVICE,
  type Handlers,
  startGrpcServer,
} from "./server.ts";

const MESSAGE_BYTES_MAX = 64 * 1024;
const LOOPBACK = { kind: "tcp", host: "127.0.0.1", port: 0 } as const;
const PROTO_DIR = fileURLToPath(new URL("../../../proto", import.meta.url));

const DENY: Handlers = {
  check: async () => ({ status: { code: status.PERMISSION_DENIED } }),
  process: (call) => call.emit("error", { code: status.UNAVAILABLE, details: "not in this test" }),
};

function memoryLog(): ServerLog & { readonly lines: string[] } {
  const lines: string[] = [];
  const add = (_fields: object, message: string) => lines.push(message);
  return { lines, info: add, warn: add, error: add };
}

async function start(
  t: TestContext,
  handlers: Partial<Handlers> = {},
  options: Partial<GrpcServerOptions> = {},
) {
  const log = memoryLog();
  const server = await startGrpcServer(
    { listen: LOOPBACK, messageBytesMax: MESSAGE_BYTES_MAX, ...options },
    { ...DENY, ...handlers },
    log,
  );
  const client = connectEnvoy(server.address);
  t.after(async () => {
    client.close();
    await server.close(0);
  });
  return { server, client, log };
}

function withCode(code: status, details?: string | RegExp) {
  return (error: { code?: number; details?: string }) => {
    assert.equal(error.code, code, error.details);
    if (details instanceof RegExp) assert.match(error.details ?? "", details);
    else if (details !== undefined) assert.equal(error.details, details);
    return true;
  };
}

test("hands a CheckRequest to the handler and its answer to Envoy", async (t) => {
  const { client } = await start(t, {
    check: async (request, call) => {
      assert.equal(call.cancelled, false);
      assert.ok(call.deadlineMs > Date.now());
      const code = request.attributes?.request?.http?.path === "/yes" ? status.OK : status.PERMISSION_DENIED;
      return { status: { code } };
    },
  });
  const ask = (path: string) => client.check({ attributes: { request: { http: { path } } } });
  assert.equal((await ask("/yes")).status?.code, status.OK);
  assert.equal((await ask("/no")).status?.code, status.PERMISSION_DENIED);
});

test("turns what a handler throws into a gRPC status, and shows Envoy only what was meant for it", async (t) => {
  const thrown: unknown[] = [
    new GrpcError(status.UNKNOWN, "undefined decision"),
    new Error("secret"),
    "text",
  ];
  const { client, log } = await start(t, {
    check: async () => {
      throw thrown.shift();
    },
  });
  await assert.rejects(client.check({}), withCode(status.UNKNOWN, "undefined decision"));
  await assert.rejects(client.check({}), withCode(status.INTERNAL, "internal error"));
  await assert.rejects(client.check({}), withCode(status.INTERNAL, "internal error"));
  assert.deepEqual(log.lines, ["check failed", "check failed"]);
});

test("fails a check whose answer cannot be encoded instead of sending a part of it", async (t) => {
  type Nested = { list_value?: never; listValue?: { values: Nested[] } };
  let deep: Nested = {};
  for (let depth = 0; depth < 200; depth++) deep = { listValue: { values: [deep] } };
  const { client } = await start(t, { check: async () => ({ dynamicMetadata: { fields: { deep } } }) });
  await assert.rejects(client.check({}), withCode(status.INTERNAL));
});

test("refuses bytes that are no CheckRequest and methods that it does not have", async (t) => {
  const { client } = await start(t);
  await assert.rejects(client.checkBytes(Buffer.from([0x0a, 0x7f])), withCode(status.INTERNAL));
  await assert.rejects(client.checkBytes(Buffer.alloc(0), "no.Such"), withCode(status.UNIMPLEMENTED));
});

test("accepts messages up to the limit and refuses larger ones, also those that are small when compressed", async (t) => {
  const { client } = await start(t);
  const request = (bytes: number) =>
    encodeCheckRequest({ attributes: { contextExtensions: { a: "x".repeat(bytes) } } });
  const overhead = request(MESSAGE_BYTES_MAX).length - MESSAGE_BYTES_MAX;
  await client.checkBytes(request(MESSAGE_BYTES_MAX - overhead));
  await assert.rejects(
    client.checkBytes(request(MESSAGE_BYTES_MAX - overhead + 1)),
    withCode(status.RESOURCE_EXHAUSTED),
  );

  const metadata = new Metadata();
  metadata.set("grpc-encoding", "gzip");
  const bomb = gzipSync(request(100 * MESSAGE_BYTES_MAX));
  assert.ok(bomb.length < MESSAGE_BYTES_MAX);
  const session = (await import("node:http2")).connect(urlOf(client.raw.getChannel().getTarget()));
  t.after(() => session.destroy());
  const stream = session.request({
    ":method": "POST",
    ":path": `/${EXT_AUTHZ_SERVICE}/Check`,
    "content-type": "application/grpc",
    "grpc-encoding": "gzip",
    te: "trailers",
  });
  const head = Buffer.alloc(5);
  head.writeUInt8(1, 0);
  head.writeUInt32BE(bomb.length, 1);
  stream.end(Buffer.concat([head, bomb]));
  stream.resume();
  const trailers = new Promise<string>((resolve) => {
    const look = (headers: { "grpc-status"?: unknown }) => {
      if (headers["grpc-status"] !== undefined) resolve(String(headers["grpc-status"]));
    };
    stream.on("response", look);
    stream.on("trailers", look);
  });
  assert.equal(await trailers, String(status.RESOURCE_EXHAUSTED));
});

function urlOf(target: string): string {
  return `http://${target.replace("dns:", "")}`;
}

test("hands an ext_proc stream to its handler, which owns how it ends", async (t) => {
  const { client } = await start(t, {
    process: (call) => {
      call.on("data", (message) => {
        if (message.request === "requestHeaders") call.write({ requestHeaders: {} });
        else call.emit("error", { code: status.INTERNAL, details: "refused" });
      });
      call.on("error", () => {});
    },
  });
  const stream = client.process();
  stream.write({ requestHeaders: { endOfStream: false } });
  const [answer] = await once(stream, "data");
  assert.equal(answer.response, "requestHeaders");
  stream.write({ requestBody: { endOfStream: true } });
  const [error] = await once(stream, "error");
  withCode(status.INTERNAL, "refused")(error);
});

test("says that nothing serves until it is told, then tells each service apart", async (t) => {
  const { server, client } = await start(t);
  const ask = () => Promise.all(["", EXT_AUTHZ_SERVICE, EXT_PROC_SERVICE].map((name) => client.health(name)));
  const { SERVING, NOT_SERVING } = ServingStatus;
  assert.deepEqual(await ask(), [NOT_SERVING, NOT_SERVING, NOT_SERVING]);
  server.health.set(true);
  assert.deepEqual(await ask(), [SERVING, SERVING, SERVING]);
  server.health.set(false, EXT_PROC_SERVICE);
  assert.deepEqual(await ask(), [SERVING, SERVING, NOT_SERVING]);
  await assert.rejects(client.health("no.Such"), withCode(status.NOT_FOUND));
});

function watch(client: ReturnType<typeof connectEnvoy>, service: string) {
  return client.raw.makeServerStreamRequest(
    "/grpc.health.v1.Health/Watch",
    encodeHealthCheckRequest,
    decodeHealthCheckResponse,
    { service },
  );
}

test("tells watchers of a service's status at once and whenever it changes, and of a service it does not have", async (t) => {
  const { server, client } = await start(t);
  const statuses: number[] = [];
  const known = watch(client, EXT_PROC_SERVICE);
  known.on("error", () => {});
  known.on("data", (answer) => statuses.push(answer.status));
  await once(known, "data");
  server.health.set(false);
  server.health.set(true);
  await once(known, "data");
  assert.deepEqual(statuses, [ServingStatus.NOT_SERVING, ServingStatus.SERVING]);

  const unknown = watch(client, "no.Such");
  unknown.on("error", () => {});
  const [answer] = await once(unknown, "data");
  assert.equal(answer.status, ServingStatus.SERVICE_UNKNOWN);
  known.cancel();
  unknown.cancel();
});

test("bounds the watches, and counts those that ended no more", async (t) => {
  const { client } = await start(t);
  const open = Array.from({ length: WATCHERS_MAX }, () => watch(client, ""));
  for (const call of open) call.on("error", () => {});
  await Promise.all(open.map((call) => once(call, "data")));
  const [error] = await once(watch(client, "").resume(), "error");
  withCode(status.RESOURCE_EXHAUSTED)(error);
  for (const call of open) call.cancel();
  // The server learns of the cancellations before it answers what was sent after them on the same connection.
  await client.health("");
  const again = watch(client, "");
  again.on("error", () => {});
  await once(again, "data");
  again.cancel();
});

test("tells watchers that it stops and does not wait for them", async (t) => {
  const { server, client } = await start(t);
  server.health.set(true);
  const statuses: number[] = [];
  const call = watch(client, "");
  call.on("data", (answer) => statuses.push(answer.status));
  await once(call, "data");
  const ended = once(call, "error");
  await server.close(60_000);
  withCode(status.UNAVAILABLE)((await ended)[0]);
  assert.deepEqual(statuses, [ServingStatus.SERVING, ServingStatus.NOT_SERVING]);
});

test("answers version 2 of ext_authz on the same port, and fails its calls where it is not served", async (t) => {
  const asked = encodeCheckRequest2({ attributes: { request: { http: { path: "/two" } } } });
  const paths: (string | undefined)[] = [];
  const { client, server } = await start(t, {
    check: () => assert.fail("version 3 was not asked"),
    check2: async ({ attributes }) => {
      paths.push(attributes?.request?.http?.path);
      return { status: { code: status.PERMISSION_DENIED } };
    },
  });
  const answer = decodeCheckResponse2(await client.checkBytes(asked, EXT_AUTHZ_SERVICE_2));
  assert.equal(answer.status?.code, status.PERMISSION_DENIED);
  assert.deepEqual(paths, ["/two"]);
  server.health.set(true);
  assert.equal(await client.health(EXT_AUTHZ_SERVICE_2), ServingStatus.SERVING);

  const without = await start(t);
  const refused = without.client.checkBytes(asked, EXT_AUTHZ_SERVICE_2);
  await assert.rejects(refused, withCode(status.UNIMPLEMENTED));
});

test("shows a handler the metadata of the call", async (t) => {
  const seen: (string | undefined)[] = [];
  const { client } = await start(t, {
    check: async (_request, { header }) => {
      seen.push(header("traceparent"), header("x-absent"), header("x-twice"));
      return { status: { code: status.PERMISSION_DENIED } };
    },
  });
  const metadata = new Metadata();
  metadata.set("traceparent", "00-a-b-01");
  metadata.add("x-twice", "1");
  metadata.add("x-twice", "2");
  const same = (bytes: Buffer) => bytes;
  await new Promise<void>((resolve, reject) => {
    const path = `/${EXT_AUTHZ_SERVICE}/Check`;
    client.raw.makeUnaryRequest(path, same, same, Buffer.alloc(0), metadata, (error) =>
      error === null ? resolve() : reject(error),
    );
  });
  assert.deepEqual(seen, ["00-a-b-01", undefined, "1, 2"]);
});

test("answers reflection only when it was switched on", async (t) => {
  const list = async (options: Partial<GrpcServerOptions>) => {
    const { client } = await start(t, {}, options);
    const stream = client.raw.makeBidiStreamRequest(
      "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
      (bytes: Buffer) => bytes,
      (bytes: Buffer) => bytes,
    );
    // ServerReflectionRequest.list_services (7) = "".
    stream.write(Buffer.from([0x3a, 0x00]));
    const answer = await new Promise<string | number>((resolve) => {
      stream.on("data", (bytes) => resolve(String(bytes)));
      stream.on("error", (error: { code?: number }) => resolve(error.code ?? -1));
    });
    stream.cancel();
    return answer;
  };
  assert.equal(await list({}), status.UNIMPLEMENTED);
  const names = await list({ reflection: { protoDir: PROTO_DIR } });
  for (const name of [EXT_AUTHZ_SERVICE, EXT_AUTHZ_SERVICE_2, EXT_PROC_SERVICE, "grpc.health.v1.Health"]) {
    assert.ok(String(names).includes(name), name);
  }
});

test("names the port that is taken and the process that holds it", async (t) => {
  const holder = createServer().listen(0, "127.0.0.1");
  t.after(() => holder.close());
  await once(holder, "listening");
  const { port } = holder.address() as { port: number };
  await assert.rejects(
    start(t, {}, { listen: { ...LOOPBACK, port } }),
    (error: Error) => error.message.includes(`port ${port}`) && error.message.includes(String(process.pid)),
  );
});

test("does not start where other machines could reach it without TLS and a list of peers", async (t) => {
  for (const host of ["0.0.0.0", "::"]) {
    await assert.rejects(
      start(t, {}, { listen: { kind: "tcp", host, port: 0 } }),
      /can be reached from other machines.*tls\.certFile.*tls\.peers/,
    );
  }
});

test("lets calls in flight end in peace when it closes, and takes no new connection", async (t) => {
  const { promise: release, resolve } = Promise.withResolvers<void>();
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { server, client } = await start(t, {
    check: async () => {
      enter();
      await release;
      return { status: { code: status.PERMISSION_DENIED } };
    },
  });
  const call = client.check({});
  await entered;
  const closed = server.close(60_000);
  const late = connectEnvoy(server.address);
  t.after(() => late.close());
  await assert.rejects(late.check({}), withCode(status.UNAVAILABLE));
  resolve();
  assert.equal((await call).status?.code, status.PERMISSION_DENIED);
  await closed;
});

test("ends what is still in flight after the grace time with an error, never cleanly", async (t) => {
  const { promise: entered, resolve: enter } = Promise.withResolvers<void>();
  const { server, client } = await start(t, {
    process: (call) => {
      call.on("error", () => {});
      call.on("data", () => enter());
    },
  });
  const stream = client.process();
  stream.resume();
  const failed = once(stream, "error");
  stream.write({ requestHeaders: {} });
  await entered;
  await server.close(1);
  const [error] = await failed;
  assert.notEqual(error.code, status.OK);
});

test("refuses new streams to a client that never reads, instead of piling up replies for it", async (t) => {
  const { server } = await start(t, {
    process: (call) => {
      call.on("error", () => {});
      call.on("data", () => call.write({ requestBody: { response: { bodyMutation: { body: MEBIBYTE } } } }));
    },
  });
  assert.ok(server.address.kind === "tcp");
  const { connect } = await import("node:http2");
  const session = connect(`http://127.0.0.1:${server.address.port}`);
  t.after(() => session.destroy());
  session.on("error", () => {});
  const message = encodeProcessingRequest({ requestHeaders: {} });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const refused = await new Promise<number>((resolve) => {
    let opened = 0;
    const open = () => {
      const stream = session.request({
        ":method": "POST",
        ":path": `/${EXT_PROC_SERVICE}/Process`,
        "content-type": "application/grpc",
        te: "trailers",
      });
      opened += 1;
      stream.on("error", () => resolve(opened));
      stream.on("response", () => open());
      stream.write(Buffer.concat([head, message]));
    };
    open();
  });
  // Each stream holds one reply of 1 MiB that is not read, but for what the flow-control windows let through.
  const most = SESSION_MEMORY_MB_MAX;
  assert.ok(refused > 0.9 * most && refused < 1.1 * most, `stream ${refused}`);
});

const MEBIBYTE = Buffer.alloc(1024 * 1024);

test("listens on a unix socket in a folder that it makes", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "regent-grpc-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const listen = { kind: "unix", path: join(dir, "made", "regent.sock") } as const;
  const { server, client } = await start(t, {}, { listen });
  assert.deepEqual(server.address, listen);
  assert.equal((await client.check({})).status?.code, status.PERMISSION_DENIED);
});
