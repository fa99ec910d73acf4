import assert from "node:assert/strict";
import { test } from "node:test";
import { headersFrom } from "../exchange/headers.ts";
import { ANSWER_TEXTS_MAX } from "./answer-texts.ts";
import { endpointOf } from "./endpoints.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { TEXT_PARTS_MAX } from "./text.ts";

test("a request has a bounded number of texts, and one more is refused", () => {
  const read = (count: number) => {
    const messages = Array.from({ length: count }, () => ({ role: "user", content: "x" }));
    const bytes = Buffer.from(JSON.stringify({ model: "m", messages }));
    return openaiChat.readRequest({ bytes, headers: headersFrom([]), endpoint: endpointOf(openaiChat, {}) });
  };
  assert.equal(read(TEXT_PARTS_MAX).inference.textParts.length, TEXT_PARTS_MAX);
  assert.throws(() => read(TEXT_PARTS_MAX + 1), { code: "body_invalid" });
});

test("an answer has a bounded number of texts, and one more makes it opaque", () => {
  const read = (count: number) =>
    openaiChat.answerTexts?.whole({
      choices: [{ index: 0, message: { content: Array.from({ length: count }, () => ({ text: "x" })) } }],
    });
  assert.equal(read(ANSWER_TEXTS_MAX)?.opaque, undefined);
  assert.equal(read(ANSWER_TEXTS_MAX)?.texts.length, ANSWER_TEXTS_MAX);
  assert.ok(read(ANSWER_TEXTS_MAX + 1)?.opaque !== undefined);
});
