import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "openai";
import { refuse, refuseInStream } from "./refuse.ts";

/** Answers `POST /STATUS/chat/completions` with a refusal of that status, and `/stream/…` with one in a stream. */
const server: Server = createServer((request, response) => {
  const status = Number(request.url?.split("/")[1]);
  if (!Number.isNaN(status)) {
    const { contentType, body } = refuse({ status, code: "some_code", message: "Some sentence." });
    response.writeHead(status, { "content-type": contentType, "content-length": body.length }).end(body);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write('data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n');
  response.end(refuseInStream({ status: 403, code: "some_code", message: "Some sentence." }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
after(() => server.close());

function client(base: string): OpenAI {
  return new OpenAI({ baseURL: `http://127.0.0.1:${port}/${base}`, apiKey: "unused", maxRetries: 0 });
}

const chat = { model: "m", messages: [{ role: "user" as const, content: "hi" }] };

const CLASSES: readonly (readonly [
  status: number,
  type: new (...args: never[]) => APIError,
  errorType: string,
])[] = [
  [400, BadRequestError, "invalid_request_error"],
  [401, AuthenticationError, "invalid_request_error"],
  [403, PermissionDeniedError, "request_forbidden"],
  [404, NotFoundError, "invalid_request_error"],
  [410, APIError, "invalid_request_error"],
  [413, APIError, "invalid_request_error"],
  [415, APIError, "invalid_request_error"],
  [429, RateLimitError, "insufficient_quota"],
  [500, InternalServerError, "server_error"],
  [502, InternalServerError, "server_error"],
  [503, InternalServerError, "server_error"],
];
for (const [status, type, errorType] of CLASSES) {
  test(`the official client raises ${type.name} on ${status}, with the code, the type and the sentence`, async () => {
    const error: unknown = await client(String(status))
      .chat.completions.create(chat)
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof type);
    assert.deepEqual(
      [error.status, error.code, error.type, error.param],
      [status, "some_code", errorType, null],
    );
    assert.equal(error.message, `${status} Some sentence.`);
  });
}

test("the official client raises an APIError in the middle of a stream, after what came before", async () => {
  const stream = await client("stream").chat.completions.create({ ...chat, stream: true });
  let text = "";
  const error: unknown = await (async () => {
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  })().catch((caught: unknown) => caught);
  assert.equal(text, "Hel");
  assert.ok(error instanceof APIError);
  assert.deepEqual(
    [error.code, error.type, error.message],
    ["some_code", "request_forbidden", "Some sentence."],
  );
});

test("a refusal in a stream is one whole event, whatever its sentence", () => {
  const text = refuseInStream({ status: 500, code: "c", message: "one\ntwo\r\n\r\nthree \u2028" }).toString();
  assert.match(text, /^data: [^\r\n]+\n\n$/);
});
