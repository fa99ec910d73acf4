import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProcessingRequest } from "../codec.ts";
import { parseMessage } from "./message.ts";

test("reads what Envoy leaves out of a last, empty chunk as its defaults", () => {
  // response_body { end_of_stream: true }, and no bytes: how Envoy ends a chunked answer.
  const last = parseMessage(decodeProcessingRequest(Buffer.from([0x2a, 0x02, 0x10, 0x01])));
  assert.deepEqual(last, { event: "responseBody", body: Buffer.alloc(0), endOfStream: true });
  const middle = parseMessage(decodeProcessingRequest(Buffer.from([0x2a, 0x03, 0x0a, 0x01, 0x61])));
  assert.deepEqual(middle, { event: "responseBody", body: Buffer.from("a"), endOfStream: false });
});
