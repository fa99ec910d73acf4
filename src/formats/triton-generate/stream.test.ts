import assert from "node:assert/strict";
import { test } from "node:test";
import { TEXTS_MAX } from "./answer.ts";
import { readResponse } from "./response.ts";
import { stream } from "./stream.ts";

function end(text: string, keepText = true) {
  const { state, fault } = stream.step(stream.initial({ hideUsage: false, keepText }), Buffer.from(text));
  return { ...stream.finish(state), fault };
}

const event = (object: object) => `data: ${JSON.stringify(object)}\n\n`;
const piece = (more: object = {}) => event({ model_name: "m", text_output: "a", ...more });

for (const [title, text, complete] of [
  ["nothing", "", false],
  ["a comment alone", ": ping\n\n", false],
  ["a whole event", piece(), true],
  ["bytes behind the last event", `${piece()}data: {"text`, false],
  ["an event that is no JSON alone", "data: [DONE]\n\n", false],
  ["a sequence that was begun", piece({ sequence_start: true, sequence_end: false }), false],
  ["a sequence that was ended", piece({ sequence_start: true }) + piece({ sequence_end: true }), true],
  ["no sequence", piece({ sequence_start: false, sequence_end: false, sequence_id: 0 }), true],
  ["a reason to finish that is to come", piece({ finish_reason: "None" }), false],
  ["a reason to finish", piece({ finish_reason: "None" }) + piece({ finish_reason: "length" }), true],
  ["an error", piece({ sequence_start: true }) + event({ error: "boom" }), true],
] as const) {
  test(`a stream with ${title} is ${complete ? "complete" : "not complete"}`, () => {
    assert.equal(end(text).complete, complete);
  });
}

test("tokens of a stream add up, and those of the prompt do not", () => {
  const counted = { num_input_tokens: 3, num_output_tokens: 2 };
  assert.deepEqual(end(piece(counted) + piece(counted)).answer.usage, { input: 3, output: 4 });
  assert.equal(end(piece()).answer.usage, undefined);
});

test("without text to keep, its bytes are counted all the same", () => {
  const { answer } = end(piece() + piece(), false);
  assert.deepEqual([answer.text, answer.outputBytes], [undefined, 2]);
});

test("an answer of several beams has their texts, up to a bound", () => {
  const texts = (count: number) => Buffer.from(JSON.stringify({ text_output: Array(count).fill("a") }));
  assert.equal(readResponse(texts(TEXTS_MAX)).texts.length, TEXTS_MAX);
  assert.equal(readResponse(texts(TEXTS_MAX + 1)).invalid, "body has too many texts");
});

test("says how long it is by its text, and by what is reported only once it has ended", () => {
  const event = (more: object) =>
    Buffer.from(`data: ${JSON.stringify({ text_output: "four", ...more })}\n\n`);
  const first = stream.step(
    stream.initial({ hideUsage: false, keepText: false }),
    event({ num_output_tokens: 0 }),
  );
  assert.deepEqual(stream.progress?.(first.state), { outputBytes: 4, outputTokens: undefined });
  const last = stream.step(first.state, event({ finish_reason: "stop", num_output_tokens: 7 }));
  assert.deepEqual(stream.progress?.(last.state), { outputBytes: 8, outputTokens: 7 });
});
