import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, PERMIT, plan } from "../../../test/envoy/support/fake-governor.ts";
import {
  BodySendMode,
  decodeProcessingResponse,
  encodeProcessingResponse,
  type ProcessingResponse,
} from "../codec.ts";
import { jsonFromStruct } from "../struct.ts";
import type { ResponseBodyKind } from "./modes.ts";
import { type Reply, renderReply } from "./reply.ts";

/** As Envoy reads it. */
function onTheWire(reply: Reply): ProcessingResponse {
  return decodeProcessingResponse(encodeProcessingResponse(renderReply(reply)));
}

function responseHead(body: ResponseBodyKind, contentLength?: string): ProcessingResponse {
  const changes = plan({ "x-a": "b" });
  return onTheWire({ reply: "response_head", plan: changes, body, contentLength, requests: "whole" });
}

test("sets headers by raw_value and overwrites in both of Envoy's ways, after it removed", () => {
  const changes = plan({ "X-Tenant": "acmé" }, { remove: ["x-forged"], clearRouteCache: true });
  const message = onTheWire({ reply: "request_head", permit: PERMIT, plan: changes, bodyUnread: false });
  assert.ok(message.response === "requestHeaders");
  const { response } = message.requestHeaders;
  assert.deepEqual(response?.headerMutation?.removeHeaders, ["x-forged"]);
  assert.equal(response.clearRouteCache, true);
  const [option] = response.headerMutation.setHeaders;
  assert.equal(option?.header?.key, "x-tenant");
  assert.equal(option.header.value, "");
  assert.equal(option.header.rawValue.toString(), "acmé");
  assert.deepEqual([option.append?.value, option.appendAction], [false, 2]);
});

test("keeps the mode of a request that is still on its way where an answer begins", () => {
  const { NONE, BUFFERED, FULL_DUPLEX_STREAMED } = BodySendMode;
  for (const [requests, body, expected] of [
    ["whole", "none", [BUFFERED, NONE]],
    ["unread", "none", [NONE, NONE]],
    ["unread", "stream", [BUFFERED, FULL_DUPLEX_STREAMED]],
    ["streamed", "none", [FULL_DUPLEX_STREAMED, NONE]],
    ["streamed", "buffered", [FULL_DUPLEX_STREAMED, BUFFERED]],
    ["streamed", "stream", [FULL_DUPLEX_STREAMED, FULL_DUPLEX_STREAMED]],
  ] as const) {
    const reply = { reply: "response_head", plan: plan(), body, contentLength: undefined, requests } as const;
    const { modeOverride } = onTheWire(reply);
    assert.deepEqual([modeOverride?.requestBodyMode, modeOverride?.responseBodyMode], expected);
  }
});

test("says what leaves of a stream of requests in the one mode that takes it, and another status in trailers", () => {
  const chunk = onTheWire({
    reply: "request_chunk",
    permit: PERMIT,
    bytes: Buffer.from("x"),
    endOfStream: true,
  });
  assert.ok(chunk.response === "requestBody");
  const { bodyMutation, headerMutation } = chunk.requestBody.response ?? {};
  assert.ok(bodyMutation?.mutation === "streamedResponse");
  assert.deepEqual(
    [bodyMutation.streamedResponse.body.toString(), bodyMutation.streamedResponse.endOfStream],
    ["x", true],
  );
  assert.match(headerMutation?.setHeaders[0]?.header?.key ?? "", / /);
  const trailers = onTheWire({ reply: "response_trailers", set: [["grpc-status", "7"]] });
  assert.ok(trailers.response === "responseTrailers");
  const [status] = trailers.responseTrailers.headerMutation?.setHeaders ?? [];
  assert.deepEqual([status?.header?.key, status?.header?.rawValue.toString()], ["grpc-status", "7"]);
});

test("puts metadata under the namespace regent, and none where there is none", () => {
  const metadata = { tenant: "acme", tokens: { input: 3 }, list: [null, true] };
  const message = onTheWire({
    reply: "request_head",
    permit: PERMIT,
    plan: plan({}, { metadata }),
    bodyUnread: false,
  });
  assert.ok(message.dynamicMetadata);
  assert.deepEqual(JSON.parse(JSON.stringify(jsonFromStruct(message.dynamicMetadata))), { regent: metadata });
  assert.equal(
    onTheWire({ reply: "request_head", permit: PERMIT, plan: plan(), bodyUnread: false }).dynamicMetadata,
    null,
  );
});

test("replaces a body with one content-length, also where the plan names it, and an empty body too", () => {
  for (const text of ["hello", ""]) {
    const changes = plan({ "content-length": String(text.length) }, { body: Buffer.from(text) });
    const message = onTheWire({ reply: "request_body", permit: PERMIT, plan: changes });
    assert.ok(message.response === "requestBody");
    const { bodyMutation, headerMutation } = message.requestBody.response ?? {};
    assert.ok(bodyMutation?.mutation === "body");
    assert.equal(bodyMutation.body.toString(), text);
    const lengths = headerMutation?.setHeaders.filter(({ header }) => header?.key === "content-length");
    assert.deepEqual(
      lengths?.map(({ header }) => String(header?.rawValue)),
      [String(text.length)],
    );
  }
});

test("leaves a body that is not changed, and its length, alone", () => {
  const message = onTheWire({ reply: "request_body", permit: PERMIT, plan: plan() });
  assert.ok(message.response === "requestBody");
  assert.equal(message.requestBody.response?.bodyMutation, null);
  assert.deepEqual(message.requestBody.response?.headerMutation?.setHeaders, []);
});

test("asks for an answer's body by mode_override, with every field spelt out", () => {
  const modes = (["none", "buffered", "stream"] as const).map((body) => responseHead(body).modeOverride);
  assert.deepEqual(
    modes.map((mode) => [mode?.responseBodyMode, mode?.responseTrailerMode]),
    [
      [0, 2],
      [2, 2],
      [4, 1],
    ],
  );
  for (const mode of modes)
    assert.deepEqual(
      [mode?.requestHeaderMode, mode?.responseHeaderMode, mode?.requestBodyMode, mode?.requestTrailerMode],
      [1, 1, 2, 1],
    );
});

test("takes the length from a stream, and gives it back to an answer that is not read", () => {
  const stream = responseHead("stream");
  assert.ok(stream.response === "responseHeaders");
  assert.deepEqual(stream.responseHeaders.response?.headerMutation?.removeHeaders, ["content-length"]);
  const unread = responseHead("none", "12");
  assert.ok(unread.response === "responseHeaders");
  assert.deepEqual(
    unread.responseHeaders.response?.headerMutation?.setHeaders.map(({ header }) => header?.key),
    ["x-a", "content-length"],
  );
});

test("overrides no mode where answers pass as they come, and takes away their length", () => {
  const message = responseHead("chunks");
  assert.ok(message.response === "responseHeaders");
  assert.equal(message.modeOverride, null);
  assert.deepEqual(message.responseHeaders.response?.headerMutation?.removeHeaders, ["content-length"]);
});

test("puts bytes in the place of a piece that passes, and clears it where there are none", () => {
  const mutationOf = (text: string) => {
    const message = onTheWire({ reply: "passed_chunk", bytes: Buffer.from(text), metadata: { a: 1 } });
    assert.ok(message.response === "responseBody" && message.dynamicMetadata !== null);
    return message.responseBody.response?.bodyMutation;
  };
  const changed = mutationOf("x");
  assert.ok(changed?.mutation === "body");
  assert.equal(changed.body.toString(), "x");
  assert.equal(mutationOf("")?.mutation, "clearBody");
});

test("seals every streamed reply with a header that is none", () => {
  const message = onTheWire({ reply: "chunk", bytes: Buffer.from("x"), endOfStream: true });
  assert.ok(message.response === "responseBody");
  const { bodyMutation, headerMutation } = message.responseBody.response ?? {};
  assert.ok(bodyMutation?.mutation === "streamedResponse");
  assert.equal(bodyMutation.streamedResponse.endOfStream, true);
  assert.match(headerMutation?.setHeaders[0]?.header?.key ?? "", / /);
});

test("says Regent's own answer with status, headers, body and details", () => {
  const message = onTheWire({ reply: "own", answer: answer(403, { a: 1 }) });
  assert.ok(message.response === "immediateResponse");
  const { status, headers, body, details } = message.immediateResponse;
  assert.equal(status?.code, 403);
  assert.equal(body.toString(), '{"a":1}');
  assert.equal(details, "regent_test");
  assert.equal(String(headers?.setHeaders[0]?.header?.rawValue), "application/json");
});

test("passes the rest of a message on with an empty reply of its kind", () => {
  const kinds = [
    onTheWire({ reply: "hold" }),
    onTheWire({ reply: "request_rest", permit: PERMIT, part: "requestBody" }),
    onTheWire({ reply: "request_rest", permit: PERMIT, part: "requestTrailers" }),
    onTheWire({ reply: "response_rest", part: "responseHeaders" }),
    onTheWire({ reply: "response_rest", part: "responseBody" }),
    onTheWire({ reply: "response_rest", part: "responseTrailers" }),
  ].map(({ response }) => response);
  assert.deepEqual(kinds, [
    "requestHeaders",
    "requestBody",
    "requestTrailers",
    "responseHeaders",
    "responseBody",
    "responseTrailers",
  ]);
});

test("asks for no body where the request goes on with its head", () => {
  const head = { reply: "request_head", permit: PERMIT, plan: plan() } as const;
  assert.equal(onTheWire({ ...head, bodyUnread: false }).modeOverride, null);
  assert.equal(onTheWire({ ...head, bodyUnread: true }).modeOverride?.requestBodyMode, BodySendMode.NONE);
});
