import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import OpenAI, { APIError } from "openai";
import { refuseInStream } from "./refuse.ts";

const REFUSAL = { status: 403, code: "answer_denied", message: 'Not "this" \u2014 ask\nsomebody.' };
const DELTA = { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "Hel" };

test("the official client raises an APIError in the middle of a stream, after what came before", async (context) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: ${DELTA.type}\ndata: ${JSON.stringify(DELTA)}\n\n`);
    response.end(refuseInStream(REFUSAL));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const client = new OpenAI({ apiKey: "k", baseURL: `http://127.0.0.1:${port}/v1`, maxRetries: 0 });
  const events: string[] = [];
  const read = async () => {
    for await (const event of await client.responses.create({ model: "m", input: "i", stream: true })) {
      events.push(event.type);
    }
  };
  await assert.rejects(read, (error) => {
    assert.ok(error instanceof APIError);
    assert.equal(error.code, REFUSAL.code);
    assert.equal(error.type, "request_forbidden");
    assert.match(error.message, /ask\nsomebody/);
    return true;
  });
  assert.deepEqual(events, [DELTA.type]);
});

test("an event in the words of the reference is there for clients that look at types", () => {
  const text = refuseInStream(REFUSAL).toString();
  const [name, data, ...rest] = text.split("\n");
  assert.equal(name, "event: error");
  const { type, code, message, param, sequence_number } = JSON.parse((data ?? "").slice("data: ".length));
  assert.deepEqual(
    { type, code, message, param, sequence_number },
    { type: "error", code: REFUSAL.code, message: REFUSAL.message, param: null, sequence_number: 0 },
  );
  assert.deepEqual(rest, ["", ""]);
});
