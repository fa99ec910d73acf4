/**
 * Hostile CheckRequests, as bytes on Regent's gRPC port and as requests through Envoy. Only one path is allowed, so
 * nothing else may come back as an allow, and the same process must go on answering.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createConnection } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { status } from "@grpc/grpc-js";
import fc from "fast-check";
import {
  type CheckRequest,
  decodeCheckRequest,
  decodeCheckResponse,
  decodeCheckResponse2,
  encodeCheckRequest,
  type Init,
} from "../../../src/envoy/codec.ts";
import { descriptorSet, message } from "../../support/descriptors.ts";
import { connectEnvoy } from "../../support/grpc-client.ts";
import { send } from "../support/client.ts";
import { startWitness } from "../support/witness.ts";
import { startCheckStack } from "./stack.ts";

const DOOR = `package door

default open := false

open if input.parsed_path == ["open"]
`;

const ECHO = descriptorSet([
  {
    name: "echo.proto",
    package: "echo",
    syntax: "proto3",
    messageType: [
      message({
        name: "M",
        fields: { 1: { name: "m", type: "message:.echo.M" }, 2: { name: "s", type: "string" } },
      }),
    ],
    service: [{ name: "Echo", method: [{ name: "Say", inputType: ".echo.M", outputType: ".echo.M" }] }],
  },
]);

const V2 = "envoy.service.auth.v2.Authorization";
const V3 = "envoy.service.auth.v3.Authorization";

/** Bytes of a message that one gRPC call takes: a body of 50 MiB and 1 MiB of head. */
const MESSAGE_BYTES_MAX = 51 * 1024 * 1024;

function http(more: object): Init<CheckRequest> {
  return { attributes: { request: { http: { method: "GET", host: "h", ...more } } } };
}

async function start(t: TestContext) {
  const witness = await startWitness();
  t.after(() => witness.stop());
  const stack = await startCheckStack(t, {
    sources: { "door.rego": DOOR },
    extAuthz: { entrypoint: "door/open", protoDescriptor: "echo.pb" },
    files: { "echo.pb": ECHO },
    upstream: { port: witness.port },
  });
  const client = connectEnvoy({ kind: "tcp", host: "127.0.0.1", port: stack.grpcPort });
  t.after(() => client.close());
  /** Whether some bytes are answered with an allow; an error of the call is none. */
  const allows = async (bytes: Buffer, service = V3): Promise<boolean> => {
    const answer = await client.checkBytes(bytes, service).catch((error: unknown) => error);
    if (!Buffer.isBuffer(answer)) return false;
    const response = service === V2 ? decodeCheckResponse2(answer) : decodeCheckResponse(answer);
    return response.status === null || response.status.code === status.OK;
  };
  const works = async () => {
    assert.equal(await allows(encodeCheckRequest(http({ path: "/open" }))), true);
    assert.equal(await allows(encodeCheckRequest(http({ path: "/open" })), V2), true);
    assert.equal(await allows(encodeCheckRequest(http({ path: "/shut" }))), false);
  };
  return { ...stack, witness, client, allows, works };
}

/** Whether the policy allows what some bytes say: the oracle. */
function isOpen(bytes: Buffer): boolean {
  try {
    return (
      decodeCheckRequest(bytes).attributes?.request?.http?.path.split("?")[0]?.replace(/^\/+/, "") === "open"
    );
  } catch {
    return false;
  }
}

describe("hostile requests", () => {
  test("random, cut and altered bytes are never allowed", async (t) => {
    const { allows, works } = await start(t);
    const full = encodeCheckRequest({
      attributes: {
        source: {
          address: { socketAddress: { address: "10.0.0.1", portValue: 5 } },
          principal: "spiffe://a/b",
        },
        request: {
          time: { seconds: 1 },
          http: {
            method: "POST",
            path: "/shut?a=b",
            headers: { "content-type": "application/json" },
            body: '{"a":1}',
          },
        },
        metadataContext: {
          filterMetadata: { n: { fields: { l: { listValue: { values: [{ stringValue: "x" }] } } } } },
        },
      },
    });
    for (let length = 0; length < full.length; length++) {
      assert.equal(await allows(full.subarray(0, length)), false);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
          fc
            .array(fc.tuple(fc.nat(full.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
            .map((changes) =>
              changes.reduce((bytes, [at, byte]) => bytes.fill(byte, at, at + 1), Buffer.from(full)),
            ),
        ),
        fc.constantFrom(V2, V3),
        async (bytes, service) => {
          if (!isOpen(bytes)) assert.equal(await allows(bytes, service), false, bytes.toString("hex"));
        },
      ),
      { numRuns: 400 },
    );
    await works();
  });

  test("what is enormous, deep or no text is never allowed", async (t) => {
    const { allows, works, client } = await start(t);
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`x-${at}`, "v".repeat(100)]));
    const deep = (levels: number) => {
      let value: Init<CheckRequest> | object = { stringValue: "x" };
      for (let level = 0; level < levels; level++) value = { listValue: { values: [value] } };
      return { attributes: { metadataContext: { filterMetadata: { n: { fields: { v: value } } } } } };
    };
    const grpc = (bytes: Buffer) => {
      const head = Buffer.alloc(5);
      head.writeUInt32BE(bytes.length, 1);
      const headers = { "content-type": "application/grpc" };
      return http({ path: "/echo.Echo/Say", headers, rawBody: Buffer.concat([head, bytes]) });
    };
    const nested = (levels: number) => {
      let bytes = Buffer.alloc(0);
      for (let level = 0; level < levels; level++) {
        const head =
          bytes.length < 128 ? [10, bytes.length] : [10, (bytes.length & 127) | 128, bytes.length >> 7];
        bytes = Buffer.concat([Buffer.from(head), bytes]);
      }
      return bytes;
    };
    const json = (body: string) =>
      http({ path: "/shut", headers: { "content-type": "application/json" }, body });
    const requests: Init<CheckRequest>[] = [
      http({ path: "/shut", headers: many }),
      http({ path: `/shut?${"a=b&".repeat(20_000)}` }),
      http({ path: `/${"a/".repeat(100_000)}` }),
      http({ path: "/shut", headers: { __proto__: "x", constructor: "y" } }),
      json("[".repeat(100_000)),
      json(`{"a":${"1".repeat(100_000)}}`),
      json('{"__proto__":{"path":"/open"}}'),
      deep(40),
      grpc(nested(1000)),
      grpc(Buffer.alloc(300_000, 0x12)),
      grpc(randomBytes(1000)),
    ];
    for (const request of requests) assert.equal(await allows(encodeCheckRequest(request)), false);
    // A path of bytes that are no UTF-8: attributes.request.http.path.
    const path = Buffer.concat([Buffer.from("/open"), Buffer.from([0xff])]);
    const part = (tag: number, bytes: Buffer) => Buffer.concat([Buffer.from([tag, bytes.length]), bytes]);
    assert.equal(await allows(part(0x0a, part(0x22, part(0x12, part(0x22, path))))), false);
    await assert.rejects(client.checkBytes(Buffer.alloc(MESSAGE_BYTES_MAX + 1)), {
      code: status.RESOURCE_EXHAUSTED,
    });
    await works();
  });

  test("through Envoy, spellings of a path and bytes that are no text reach nothing that is shut", async (t) => {
    const { port, witness, works } = await start(t);
    const raw = (head: Buffer) =>
      new Promise<string>((resolve, reject) => {
        const socket = createConnection(port, "127.0.0.1", () => socket.write(head));
        let text = "";
        socket.setEncoding("latin1");
        socket.on("data", (piece) => {
          text += piece;
        });
        socket.on("close", () => resolve(text));
        socket.on("error", reject);
      });
    const line = (path: Buffer | string, header: Buffer | string = "x: y") =>
      Buffer.concat([
        Buffer.from("GET "),
        Buffer.from(path),
        Buffer.from(" HTTP/1.1\r\nhost: h\r\nconnection: close\r\n"),
        Buffer.from(header),
        Buffer.from("\r\n\r\n"),
      ]);
    const hostile = [
      line(Buffer.from([0x2f, 0xff, 0xfe])),
      line("/open%2f.."),
      line("/open/../shut"),
      line("/%6Fpen%00"),
      line("/OPEN"),
      line("/shut#/open"),
      line("/shut", Buffer.concat([Buffer.from("x-bytes: "), Buffer.from([0xff, 0xc3, 0x28])])),
      line("/shut", `x-long: ${"v".repeat(50_000)}`),
      line("/shut", `x-too-long: ${"v".repeat(100_000)}`),
    ];
    for (const head of hostile) {
      const [statusLine = ""] = (await raw(head)).split("\r\n");
      assert.match(statusLine, /^HTTP\/1\.1 [45]\d\d /, head.toString("latin1").slice(0, 60));
    }
    assert.equal(witness.seen.length, 0);
    assert.equal((await send(port, { path: "/open" })).status, 200);
    await works();
  });
});
