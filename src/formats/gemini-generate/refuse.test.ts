import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";
import { ApiError, GoogleGenAI } from "@google/genai";
import { refuse, refuseInStream } from "./refuse.ts";

const REFUSAL = { code: "some_code", message: "Some sentence.", requestId: "id-1" };

/** Answers `POST /STATUS/…` with a refusal of that status, and `/stream/…` with one in a stream. */
const server: Server = createServer((request, response) => {
  const status = Number(request.url?.split("/")[1]);
  if (!Number.isNaN(status)) {
    const { contentType, body, headers = [] } = refuse({ ...REFUSAL, status });
    response.writeHead(status, { "content-type": contentType, ...Object.fromEntries(headers) }).end(body);
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const piece = { candidates: [{ content: { parts: [{ text: "Hel" }] } }] };
  response.write(`data: ${JSON.stringify(piece)}\r\n\r\n`);
  response.end(refuseInStream({ ...REFUSAL, status: 403 }));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const { port } = server.address() as AddressInfo;
after(() => server.close());

function client(base: string): GoogleGenAI {
  return new GoogleGenAI({ apiKey: "unused", httpOptions: { baseUrl: `http://127.0.0.1:${port}/${base}` } });
}

const ASK = { model: "m", contents: "hi" };

const STATUSES = [
  [400, "INVALID_ARGUMENT"],
  [401, "UNAUTHENTICATED"],
  [403, "PERMISSION_DENIED"],
  [404, "NOT_FOUND"],
  [410, "NOT_FOUND"],
  [413, "INVALID_ARGUMENT"],
  [429, "RESOURCE_EXHAUSTED"],
  [500, "INTERNAL"],
  [502, "UNAVAILABLE"],
  [503, "UNAVAILABLE"],
  [504, "DEADLINE_EXCEEDED"],
] as const;
for (const [status, name] of STATUSES) {
  test(`the official client raises its ApiError on ${status}, with the code, the name, the id and the sentence`, async () => {
    const error: unknown = await client(String(status))
      .models.generateContent(ASK)
      .catch((caught: unknown) => caught);
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, status);
    assert.deepEqual(JSON.parse(error.message), {
      error: {
        code: status,
        message: "Some sentence.",
        status: name,
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "some_code",
            domain: "regent",
            metadata: { request_id: "id-1" },
          },
        ],
      },
    });
  });
}

test("the official client raises its ApiError in the middle of a stream, after what came before", async () => {
  const stream = await client("stream").models.generateContentStream(ASK);
  let text = "";
  const error: unknown = await (async () => {
    for await (const piece of stream) text += piece.text;
  })().catch((caught: unknown) => caught);
  assert.equal(text, "Hel");
  assert.ok(error instanceof ApiError);
  assert.equal(error.status, 403);
  assert.ok(error.message.includes("some_code") && error.message.includes("Some sentence."));
});

test("a refusal without an id says none", () => {
  const { error } = JSON.parse(refuse({ status: 403, code: "c", message: "m" }).body.toString()) as {
    error: { details: readonly object[] };
  };
  assert.deepEqual(error.details, [
    { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "c", domain: "regent" },
  ]);
});

test("a refusal in a stream is one whole event, whatever its sentence", () => {
  const text = refuseInStream({ status: 500, code: "c", message: "one\ntwo\r\n\r\nthree \u2028" }).toString();
  assert.match(text, /^data: [^\r\n]+\n\n$/);
});
