/**
 * Regent fails while an attempt is under way, or between the two filters: the client gets an error or a broken transfer,
 * never a clean end, and nothing reaches a target untranslated.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ANALYST, CHAT_PATH } from "../governed/ask.ts";
import { eventually } from "../governed/records.ts";
import { type Received, send } from "../support/client.ts";
import type { Answer } from "../support/witness.ts";
import { SCRIPTED_CLAUDE_MODEL, startTranslating, type Translating } from "./stack.ts";

describe("when Regent is killed", () => {
  let stack: Translating;
  before(async () => {
    stack = await startTranslating();
  });
  after(() => stack?.stop());

  const chat = (more: object, onPiece?: (text: string) => boolean): Promise<Received> =>
    send(stack.port, {
      method: "POST",
      path: CHAT_PATH,
      headers: { "content-type": "application/json", ...ANALYST },
      body: JSON.stringify({
        model: SCRIPTED_CLAUDE_MODEL,
        max_tokens: 10,
        messages: [{ role: "user", content: "Hi." }],
        ...more,
      }),
      ...(onPiece === undefined ? {} : { onPiece }),
    });
  const kill = async () => {
    stack.regent.kill("SIGKILL");
    await stack.regent.ended;
  };
  const event = (data: { readonly type: string }) => `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
  const message = {
    id: "m",
    type: "message",
    role: "assistant",
    model: "m",
    content: [{ type: "text", text: "Hello" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 1 },
  };
  const pieceOfText = (text: string) =>
    event({
      type: "content_block_delta",
      ...{ index: 0, delta: { type: "text_delta", text } },
    } as { type: string });
  const beginning = [
    event({
      type: "message_start",
      ...{ message: { ...message, content: [], stop_reason: null } },
    } as { type: string }),
    event({
      type: "content_block_start",
      ...{ index: 0, content_block: { type: "text", text: "" } },
    } as { type: string }),
    pieceOfText("one"),
  ].join("");

  test("in the middle of a translated stream, the transfer breaks", async () => {
    const { promise: killed, resolve } = Promise.withResolvers<void>();
    const play: Answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(beginning);
      void killed.then(() => {
        response.write(pieceOfText("two"));
        response.end(event({ type: "message_stop" }));
      });
    };
    stack.scripted.anthropic.answer = play;
    const { status, body, end } = await chat({ stream: true }, (text) => {
      if (text.includes("one")) void kill().then(resolve);
      return false;
    });
    assert.equal(status, 200);
    assert.equal(end, "broken");
    assert.ok(body.includes("one") && !body.includes("two") && !body.includes("[DONE]"), body);
    await stack.regent.restart();
  });

  test("while a target thinks, the answer in the other dialect does not pass", async () => {
    stack.scripted.anthropic.answer = (_, response) =>
      void kill().then(() =>
        response.setHeader("content-type", "application/json").end(JSON.stringify(message)),
      );
    const { status, body } = await chat({});
    assert.ok(status >= 500, `${status} ${body}`);
    assert.ok(!body.includes("Hello"));
    await stack.regent.restart();
  });

  test("and again, and again under load, nothing untranslated reaches a target", async () => {
    stack.scripted.anthropic.answer = (_, response) =>
      void response.setHeader("content-type", "application/json").end(JSON.stringify(message));
    const { seen } = stack.scripted.anthropic.witness;
    let sent = 0;
    let running = true;
    const client = async () => {
      while (running) {
        sent += 1;
        const { status } = await chat({}).catch(() => ({ status: 503 }));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const statuses = new Map<number, number>();
    const clients = Array.from({ length: 8 }, client);
    for (let round = 0; round < 3; round += 1) {
      const count = statuses.get(200) ?? 0;
      await eventually("answers", () => ((statuses.get(200) ?? 0) > count + 20 ? true : undefined), 20_000);
      await kill();
      await stack.regent.restart();
    }
    running = false;
    await Promise.all(clients);
    assert.ok((statuses.get(200) ?? 0) > 60 && sent > 60);
    for (const { path, headers, body } of seen) {
      assert.equal(path, "/v1/messages");
      assert.equal(headers["x-api-key"], stack.keys["scripted-claude"]);
      // What was cut while it was on its way has no whole body.
      if (body !== undefined) assert.ok(Array.isArray(JSON.parse(String(body)).messages));
    }
  });
});
