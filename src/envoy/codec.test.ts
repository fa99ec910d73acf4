import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BodySendMode,
  decodeCheckRequest,
  decodeProcessingRequest,
  decodeProcessingResponse,
  encodeCheckRequest,
  encodeProcessingRequest,
  encodeProcessingResponse,
  unknownFields,
} from "./codec.ts";

test("gives back what was encoded, with defaults for what was not", () => {
  const bytes = encodeProcessingRequest({
    requestHeaders: {
      headers: { headers: [{ key: ":path", rawValue: Buffer.from("/v1") }] },
      endOfStream: true,
    },
    protocolConfig: { requestBodyMode: BodySendMode.FULL_DUPLEX_STREAMED },
  });
  const message = decodeProcessingRequest(bytes);
  assert.ok(message.request === "requestHeaders");
  assert.equal(message.requestHeaders.endOfStream, true);
  assert.equal(message.requestHeaders.headers?.headers[0]?.rawValue.toString(), "/v1");
  assert.equal(message.protocolConfig?.requestBodyMode, BodySendMode.FULL_DUPLEX_STREAMED);
  assert.equal(message.metadataContext, null);
  assert.equal(message.observabilityMode, false);
  assert.deepEqual({ ...message.attributes }, {});
});

test("shows a received body as a view of the message, not as a copy", () => {
  const bytes = encodeProcessingRequest({ requestBody: { body: Buffer.from("abc") } });
  const message = decodeProcessingRequest(bytes);
  assert.ok(message.request === "requestBody");
  assert.equal(message.requestBody.body.toString(), "abc");
  assert.equal(message.requestBody.body.buffer, bytes.buffer);
});

test("keeps 64-bit integers exact", () => {
  const bytes = encodeCheckRequest({ attributes: { request: { http: { size: 2 ** 53 } } } });
  assert.equal(decodeCheckRequest(bytes).attributes?.request?.http?.size.toString(), "9007199254740992");
});

test("keeps header names that are special in JavaScript as plain entries of a map", () => {
  const headers = JSON.parse('{"__proto__": "p", "constructor": "c"}');
  const bytes = encodeCheckRequest({ attributes: { request: { http: { headers } } } });
  const decoded = decodeCheckRequest(bytes).attributes?.request?.http?.headers ?? {};
  assert.deepEqual(Object.entries(decoded), [
    ["__proto__", "p"],
    ["constructor", "c"],
  ]);
  assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
});

test("names the field that a newer Envoy set instead of taking the message for an empty one", () => {
  // Field 100, length-delimited, empty: a member of the oneof that does not exist yet.
  const message = decodeProcessingRequest(Buffer.from([0xa2, 0x06, 0x00]));
  assert.equal(message.request, undefined);
  assert.deepEqual(unknownFields(message), [100]);
  assert.deepEqual(unknownFields(decodeProcessingRequest(Buffer.alloc(0))), []);
});

test("keeps a value that an enumeration does not have yet", () => {
  const bytes = encodeProcessingRequest({ protocolConfig: { requestBodyMode: 77 } });
  assert.equal(decodeProcessingRequest(bytes).protocolConfig?.requestBodyMode, 77);
});

test("refuses bytes that are cut, text that is not UTF-8, and bottomless nesting", () => {
  const bytes = encodeCheckRequest({ attributes: { request: { http: { path: "/abc" } } } });
  for (let length = 1; length < bytes.length; length++) {
    assert.throws(() => decodeCheckRequest(bytes.subarray(0, length)), Error, `${length} bytes`);
  }
  const broken = Buffer.from(bytes);
  broken[broken.length - 1] = 0xff;
  assert.throws(() => decodeCheckRequest(broken));

  let value = Buffer.alloc(0);
  const wrap = (tag: number) => {
    const length = value.length;
    const prefix = [tag];
    for (let rest = length; ; rest >>>= 7) {
      prefix.push(rest > 0x7f ? (rest & 0x7f) | 0x80 : rest);
      if (rest <= 0x7f) break;
    }
    value = Buffer.concat([Buffer.from(prefix), value]);
  };
  // Value.list_value (6) of ListValue.values (1), 500 deep, as one entry of ProcessingResponse.dynamic_metadata (8).
  for (let depth = 0; depth < 500; depth++) {
    wrap(0x0a);
    wrap(0x32);
  }
  for (const tag of [0x12, 0x0a, 0x42]) wrap(tag);
  assert.throws(() => decodeProcessingResponse(value), /depth/);
});

test("encodes an empty reply as no bytes, so that nothing but the caller decides what it says", () => {
  assert.equal(encodeProcessingResponse({}).length, 0);
});
