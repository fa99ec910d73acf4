import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProcessingRequest, encodeProcessingRequest } from "../codec.ts";
import { EXT_PROC_NAMESPACE } from "../exchange.ts";
import { parseMessage } from "./message.ts";

test("reads what Envoy leaves out of a last, empty chunk as its defaults", () => {
  // response_body { end_of_stream: true }, and no bytes: how Envoy ends a chunked answer.
  const last = parseMessage(decodeProcessingRequest(Buffer.from([0x2a, 0x02, 0x10, 0x01])));
  assert.deepEqual(last, { event: "responseBody", body: Buffer.alloc(0), endOfStream: true });
  const middle = parseMessage(decodeProcessingRequest(Buffer.from([0x2a, 0x03, 0x0a, 0x01, 0x61])));
  assert.deepEqual(middle, { event: "responseBody", body: Buffer.from("a"), endOfStream: false });
});

test("knows whose answer it is by what Envoy says of it, and not when Envoy says nothing", () => {
  const answer = (details: string | undefined) => {
    const fields = details === undefined ? {} : { "response.code_details": { stringValue: details } };
    const request = {
      responseHeaders: { headers: { headers: [] } },
      attributes: { [EXT_PROC_NAMESPACE]: { fields } },
    };
    const event = parseMessage(decodeProcessingRequest(encodeProcessingRequest(request)));
    return event.event === "responseHeaders" ? event.origin : assert.fail();
  };
  assert.equal(answer("via_upstream"), "upstream");
  assert.equal(answer("request_payload_too_large"), "envoy");
  assert.equal(answer(undefined), undefined);
});
