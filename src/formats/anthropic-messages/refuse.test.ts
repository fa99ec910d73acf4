import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  ContentTooLargeError,
  InternalServerError,
  NotFoundError,
  PaymentRequiredError,
  PermissionDeniedError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { refuse, refuseInStream } from "./refuse.ts";

const REFUSAL = { code: "some_code", message: "Some sentence.", requestId: "id-1" };

/** Answers `POST /STATUS/v1/messages` with a refusal of that status, and `/stream/…` with one in a stream. */
const server: Server = createServer((request, response) => {
  const status = Number(request.url?.split("/")[1]);
  if (!Number.isNaN(status)) {
    const { contentType, body, headers = [] } = refuse({ ...REFUSAL, status });
    response.writeHead(status, { "content-type": contentType, ...Object.fromEntries(headers) }).end(body);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const delta = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hel" } };
  response.write(`event: content_block_delta\ndata: ${JSON.stringify(delta)}\n\n`);
  response.end(refuseInStream({ ...REFUSAL, status: 403 }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
after(() => server.close());

function client(base: string): Anthropic {
  return new Anthropic({ baseURL: `http://127.0.0.1:${port}/${base}`, apiKey: "unused", maxRetries: 0 });
}

const message = { model: "m", max_tokens: 5, messages: [{ role: "user" as const, content: "hi" }] };

const CLASSES: readonly (readonly [
  status: number,
  type: new (...args: never[]) => APIError,
  errorType: string,
])[] = [
  [400, BadRequestError, "invalid_request_error"],
  [401, AuthenticationError, "authentication_error"],
  [402, PaymentRequiredError, "billing_error"],
  [403, PermissionDeniedError, "permission_error"],
  [404, NotFoundError, "not_found_error"],
  [410, APIError, "invalid_request_error"],
  [413, ContentTooLargeError, "request_too_large"],
  [415, APIError, "invalid_request_error"],
  [429, RateLimitError, "rate_limit_error"],
  [500, InternalServerError, "api_error"],
  [502, InternalServerError, "api_error"],
  [503, APIError, "api_error"],
  [504, APIError, "timeout_error"],
  [529, APIError, "overloaded_error"],
];
for (const [status, type, errorType] of CLASSES) {
  test(`the official client raises ${type.name} on ${status}, with the code, the type, the id and the sentence`, async () => {
    const error: unknown = await client(String(status))
      .messages.create(message)
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof type);
    assert.deepEqual(
      [error.status, error.errorCode, error.type, error.requestID, error.apiMessage],
      [status, "some_code", errorType, "id-1", "Some sentence."],
    );
    assert.equal((error.error as { request_id: string }).request_id, "id-1");
  });
}

test("the official client raises an APIError in the middle of a stream, after what came before", async () => {
  const stream = await client("stream").messages.create({ ...message, stream: true });
  let text = "";
  const error: unknown = await (async () => {
    for await (const event of stream)
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
  })().catch((caught: unknown) => caught);
  assert.equal(text, "Hel");
  assert.ok(error instanceof APIError);
  assert.deepEqual(
    [error.errorCode, error.type, error.apiMessage],
    ["some_code", "permission_error", "Some sentence."],
  );
});

test("a refusal without an id says none", () => {
  const { body, headers } = refuse({ status: 403, code: "c", message: "m" });
  assert.deepEqual(headers, []);
  assert.deepEqual(JSON.parse(body.toString()), {
    type: "error",
    error: { type: "permission_error", message: "m", details: { error_code: "c" } },
  });
});

test("a refusal in a stream is one whole event, whatever its sentence", () => {
  const text = refuseInStream({ status: 500, code: "c", message: "one\ntwo\r\n\r\nthree \u2028" }).toString();
  assert.match(text, /^event: error\ndata: [^\r\n]+\n\n$/);
});
