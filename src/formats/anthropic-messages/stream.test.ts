import assert from "node:assert/strict";
import { test } from "node:test";
import { SSE_EVENT_BYTES_MAX } from "../../wire/sse.ts";
import { KEPT_BYTES_MAX, WORD_CHARS_MAX } from "../bounds.ts";
import type { StreamEnd, StreamOptions } from "../format.ts";
import { CONTENT_BLOCKS_MAX } from "./answer.ts";
import { refuseInStream } from "./refuse.ts";
import { stream } from "./stream.ts";

type Run = StreamEnd & { readonly bytes: string; readonly fault: string | undefined };

const KEEP: StreamOptions = { hideUsage: false, keepText: true };

function run(chunks: readonly string[], options = KEEP): Run {
  let state = stream.initial(options);
  const bytes: Buffer[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    const step = stream.step(state, Buffer.from(chunk));
    bytes.push(...step.outputs.map((output) => Buffer.from(output)));
    fault ??= step.fault;
    state = step.state;
  }
  return { ...stream.finish(state), bytes: Buffer.concat(bytes).toString(), fault };
}

function event(data: { readonly type: string; readonly [member: string]: unknown }): string {
  return `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;
}

const start = (usage: object = { input_tokens: 3, output_tokens: 1 }) =>
  event({ type: "message_start", message: { type: "message", model: "claude", content: [], usage } });
const block = (content: object, index = 0) =>
  event({ type: "content_block_start", index, content_block: content });
const delta = (members: object, index = 0) => event({ type: "content_block_delta", index, delta: members });
const say = (text: string) => delta({ type: "text_delta", text });
const finish = (reason: string | null, usage: object = { output_tokens: 9 }) =>
  event({ type: "message_delta", delta: { stop_reason: reason }, usage });
const STOP = event({ type: "message_stop" });
const TEXT = block({ type: "text", text: "" });

test("reads a stream and passes its bytes on", () => {
  const text = start() + TEXT + say("Hel") + event({ type: "ping" }) + say("lo") + finish("end_turn") + STOP;
  const { answer, bytes, complete, doneMarker, events, rest } = run([text]);
  assert.equal(bytes, text);
  assert.deepEqual([answer.text, answer.model, answer.finishReasons], ["Hello", "claude", ["end_turn"]]);
  assert.deepEqual(answer.usage, { input: 3, output: 9 });
  assert.deepEqual([complete, doneMarker, events, rest.length], [true, true, 7, 0]);
});

test("later counts replace earlier ones, null ones do not, and nothing is added up", () => {
  const { answer } = run([
    start({
      input_tokens: 3,
      cache_read_input_tokens: 10,
      cache_creation_input_tokens: null,
      output_tokens: 1,
    }),
    finish(null, { output_tokens: 5, input_tokens: null }),
    finish("end_turn", {
      output_tokens: 9,
      cache_read_input_tokens: 20,
      output_tokens_details: { thinking_tokens: 4 },
    }),
  ]);
  assert.deepEqual(answer.usage, { input: 3, output: 9, cachedInput: 20, reasoning: 4 });
  assert.deepEqual(answer.whole, { input: 23, output: 9 });
});

test("zero is a count, and what is no count is none", () => {
  assert.deepEqual(run([start({ input_tokens: 0, cache_read_input_tokens: 0 })]).answer.usage, {
    input: 0,
    cachedInput: 0,
  });
  for (const count of [-1, 1.5, "3", 1e300, null, {}])
    assert.deepEqual(run([start({ input_tokens: count, output_tokens: 2 })]).answer.usage, { output: 2 });
});

test("the output of a stream that has not ended is not counted yet", () => {
  assert.deepEqual(run([start(), TEXT, say("x")]).answer.whole, { input: 3, output: undefined });
  assert.deepEqual(run([start(), finish("end_turn", {})]).answer.whole, { input: 3, output: undefined });
});

test("puts tool calls together from their pieces, block by block", () => {
  const piece = (text: string, index: number) =>
    delta({ type: "input_json_delta", partial_json: text }, index);
  const call = (name: string, index: number, input: object = {}) =>
    block({ type: "tool_use", id: "i", name, input }, index);
  const { answer } = run([
    start() +
      call("one", 0) +
      call("two", 1) +
      piece('{"a"', 0) +
      piece("[1", 1) +
      piece(":1}", 0) +
      piece("]", 1),
    call("none", 2) + call("whole", 3, { b: 2 }) + call("broken", 4) + piece('{"c', 4),
    block({ type: "server_tool_use", id: "s", name: "web_search", input: {} }, 5) + piece('{"q":1}', 5),
  ]);
  assert.deepEqual(answer.toolCalls, [
    { name: "one", arguments: { a: 1 } },
    { name: "two", arguments: [1] },
    { name: "none", arguments: {} },
    { name: "whole", arguments: { b: 2 } },
    { name: "broken", arguments: '{"c' },
  ]);
  assert.deepEqual(answer.details, { server_items: ["server_tool_use"] });
});

test("counts what the model wrote, without keeping it where nobody will look", () => {
  const text =
    start() +
    TEXT +
    say("é") +
    block({ type: "thinking", thinking: "" }, 1) +
    delta({ type: "thinking_delta", thinking: "hm" }, 1) +
    delta({ type: "signature_delta", signature: "s" }, 1) +
    block({ type: "tool_use", name: "t", input: {} }, 2) +
    delta({ type: "input_json_delta", partial_json: "{}" }, 2) +
    block({ type: "compaction", content: null }, 3) +
    delta({ type: "compaction_delta", content: "sum" }, 3);
  const kept = run([text]).answer;
  assert.deepEqual([kept.outputBytes, kept.text, kept.reasoningText], [2 + 2 + 2 + 3, "é", "hm"]);
  const {
    outputBytes,
    text: none,
    reasoningText,
    toolCalls,
  } = run([text], { hideUsage: false, keepText: false }).answer;
  assert.deepEqual(
    [outputBytes, none, reasoningText, toolCalls],
    [9, undefined, undefined, [{ name: "t", arguments: "" }]],
  );
});

test("a second start discards the blocks before it, and no count of what was delivered", () => {
  const { answer, complete } = run([
    start(),
    TEXT,
    say("one"),
    finish("end_turn"),
    start(),
    TEXT,
    say("two"),
  ]);
  assert.deepEqual([answer.text, answer.finishReasons, answer.outputBytes], ["two", [], 6]);
  assert.deepEqual([answer.details, complete], [{ message_starts: 2 }, false]);
});

test("takes an error for one by the type in its data and by the name of its event", () => {
  const error = { type: "overloaded_error", message: "Overloaded" };
  for (const text of [
    event({ type: "error", error }),
    `data: ${JSON.stringify({ type: "error", error })}\n\n`,
    `event: error\ndata: ${JSON.stringify({ error })}\n\n`,
    `event: error\ndata: ${JSON.stringify({ type: "of_tomorrow", error })}\n\n`,
  ]) {
    const { answer, complete, doneMarker } = run([start() + TEXT + say("x") + text]);
    assert.deepEqual(answer.error, { ...error, code: null });
    assert.deepEqual([complete, doneMarker, answer.text], [true, false, "x"]);
  }
  const plain = run(["event: error\ndata: {}\n\n"]);
  assert.deepEqual([plain.answer.error, plain.complete], [{ type: "error", message: "", code: null }, true]);
});

test("the first error counts", () => {
  const error = (message: string) => event({ type: "error", error: { type: "api_error", message } });
  assert.equal(run([error("one") + error("two")]).answer.error?.message, "one");
});

test("is incomplete until a reason to stop, a marker or an error came", () => {
  assert.equal(run([start(), TEXT, say("x")]).complete, false);
  assert.equal(run([start(), TEXT, say("x"), finish(null)]).complete, false);
  assert.equal(run([start(), TEXT, say("x"), finish("max_tokens")]).complete, true);
  assert.equal(run([STOP]).complete, true);
});

test("passes on what it does not know, and goes on reading", () => {
  const unknown =
    'event: of_tomorrow\ndata: {"type":"of_tomorrow"}\n\ndata: no json\n\ndata: [1]\n\n: note\n\n';
  const odd =
    delta({ type: "of_tomorrow_delta", text: "t" }) +
    delta({ type: "text_delta", text: 5 }) +
    event({ type: "content_block_delta", index: 7, delta: { type: "text_delta", text: "lost" } }) +
    event({ type: "content_block_delta", index: "0", delta: { type: "text_delta", text: "lost" } }) +
    event({ type: "content_block_start", index: 1, content_block: "none" }) +
    event({ type: "message_start" });
  const text = start() + unknown + TEXT + say("x") + odd + TEXT + say("y");
  const { answer, bytes, unparsedEvents, fault } = run([text]);
  assert.deepEqual([bytes, answer.text, unparsedEvents, fault], [text, "y", 2, undefined]);
});

test("ends a stream with more blocks than any answer has", () => {
  const blocks = (count: number) =>
    Array.from({ length: count }, (_, index) => block({ type: "text" }, index)).join("");
  assert.equal(run([blocks(CONTENT_BLOCKS_MAX) + TEXT]).fault, undefined);
  const { fault, complete, bytes } = run([blocks(CONTENT_BLOCKS_MAX + 1), STOP]);
  assert.equal(fault, "the answer has too many content blocks");
  assert.deepEqual([complete, bytes], [false, blocks(CONTENT_BLOCKS_MAX)]);
});

test("ends a stream with more text than is kept, and only where it is kept", () => {
  const half = say("x".repeat(512 * 1024));
  const most = Array.from({ length: KEPT_BYTES_MAX / (512 * 1024) }, () => half);
  assert.equal(run([start(), TEXT, ...most]).fault, undefined);
  assert.equal(
    run([start(), TEXT, ...most, say("x")]).fault,
    `the answer has more than ${KEPT_BYTES_MAX} bytes of text`,
  );
  assert.equal(
    run([start(), TEXT, ...most, say("x")], { hideUsage: false, keepText: false }).fault,
    undefined,
  );
});

test("ends a stream with an event that is larger than any, after which a refusal still reads as one", () => {
  const { fault, bytes, complete } = run([start(), `data: ${"x".repeat(SSE_EVENT_BYTES_MAX)}`]);
  assert.deepEqual(
    [fault, bytes, complete],
    [`an event is larger than ${SSE_EVENT_BYTES_MAX} bytes`, start(), false],
  );
  const refusal = refuseInStream({ status: 403, code: "c", message: "No." }).toString();
  assert.equal(run([bytes + refusal]).answer.error?.type, "permission_error");
});

test("keeps words of the upstream only so far", () => {
  const long = "w".repeat(10_000);
  const { answer } = run([
    event({ type: "message_start", message: { model: long } }),
    block({ type: "tool_use", name: long, input: {} }),
    finish(long),
  ]);
  for (const word of [answer.model, answer.toolCalls[0]?.name, answer.finishReasons[0]])
    assert.equal(word?.length, WORD_CHARS_MAX);
});
