import assert from "node:assert/strict";
import { test } from "node:test";
import { KEPT_BYTES_MAX } from "../bounds.ts";
import type { StreamEnd } from "../format.ts";
import { ANSWER_PARTS_MAX } from "./answer.ts";
import { stream } from "./stream.ts";

function frame(event: object | string): string {
  return `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`;
}

function run(
  events: readonly (object | string)[],
  keepText = true,
): StreamEnd & { fault: string | undefined } {
  const bytes = Buffer.from(events.map(frame).join(""));
  const { state, outputs, fault } = stream.step(stream.initial({ hideUsage: true, keepText }), bytes);
  if (fault === undefined) assert.ok(Buffer.concat(outputs).equals(bytes), "every byte goes to the client");
  return { ...stream.finish(state), fault };
}

const created = { type: "response.created", response: { model: "m", status: "in_progress", output: [] } };
const usage = { input_tokens: 3, output_tokens: 4, total_tokens: 7 };

function ended(type: string, more: object): object {
  return { type, response: { model: "m", output: [], usage, ...more } };
}

test("a stream ends with the event that says how the response ended", () => {
  const ends: readonly (readonly [object, string])[] = [
    [ended("response.completed", { status: "completed" }), "completed"],
    [
      ended("response.incomplete", {
        status: "incomplete",
        incomplete_details: { reason: "max_output_tokens" },
      }),
      "max_output_tokens",
    ],
    [ended("response.incomplete", { status: "incomplete" }), "incomplete"],
    [ended("response.cancelled", { status: "cancelled" }), "cancelled"],
  ];
  for (const [end, reason] of ends) {
    const { complete, answer } = run([created, end]);
    assert.equal(complete, true, reason);
    assert.deepEqual(answer.finishReasons, [reason]);
    assert.deepEqual(answer.usage, { input: 3, output: 4, total: 7 });
  }
});

test("a stream that only began has not ended, not even with a [DONE]", () => {
  const { complete, doneMarker, answer } = run([created, "[DONE]"]);
  assert.deepEqual({ complete, doneMarker }, { complete: false, doneMarker: true });
  assert.deepEqual(answer.finishReasons, [null]);
  assert.equal(answer.usage, undefined);
});

test("reads an error that is nested, flat, or told by the response", () => {
  const nested = { type: "error", error: { type: "t", code: "c", message: "m" } };
  assert.deepEqual(run([created, nested]).answer.error, { type: "t", code: "c", message: "m" });
  const flat = { type: "error", code: "c", message: "m", param: null };
  assert.deepEqual(run([created, flat]).answer.error, { type: null, code: "c", message: "m" });
  const failed = ended("response.failed", { status: "failed", error: { code: "c", message: "m" } });
  const { answer, complete } = run([created, failed]);
  assert.deepEqual(answer.error, { type: null, code: "c", message: "m" });
  assert.deepEqual(answer.usage, { input: 3, output: 4, total: 7 }, "what was used until then is reported");
  assert.equal(complete, true);
});

test("puts pieces together by item and part, whatever the order they come in", () => {
  const piece = (output_index: number, content_index: number, delta: string) => ({
    type: "response.output_text.delta",
    output_index,
    content_index,
    delta,
  });
  const { answer } = run([piece(1, 0, "c"), piece(0, 0, "a"), piece(0, 1, "b"), piece(1, 0, "d")]);
  assert.equal(answer.text, "abcd");
  assert.equal(answer.outputBytes, 4);
});

test("an item without a place comes behind those that have one, and takes the place of none", () => {
  const { answer } = run([
    { type: "response.output_text.delta", output_index: 1, item_id: "b", delta: "one" },
    { type: "response.output_text.delta", item_id: "c", delta: "two" },
    { type: "response.output_text.delta", output_index: 0, item_id: "a", delta: "zero" },
  ]);
  assert.equal(answer.text, "zeroonetwo");
});

test("says what the end of a response means", () => {
  const call = { type: "function_call", name: "f", arguments: "{}" };
  const incomplete = (reason: string) => ({ status: "incomplete", incomplete_details: { reason } });
  for (const [response, kind] of [
    [{ status: "completed" }, "stop"],
    [{ status: "completed", output: [call] }, "tool_calls"],
    [incomplete("max_output_tokens"), "length"],
    [incomplete("content_filter"), "content_filter"],
    [{ status: "failed" }, "other"],
  ] as const) {
    assert.deepEqual(run([ended("response.completed", response)]).answer.finishKinds, [kind]);
  }
  assert.deepEqual(run([created]).answer.finishKinds, [null]);
});

test("text that only comes whole counts, and what is repeated counts once", () => {
  const item = { type: "message", id: "i", content: [{ type: "output_text", text: "hello" }] };
  const whole = run([created, { type: "response.output_item.done", output_index: 0, item }]);
  assert.equal(whole.answer.text, "hello");
  const twice = run([
    created,
    { type: "response.output_text.delta", item_id: "i", delta: "hel" },
    { type: "response.output_text.delta", item_id: "i", delta: "lo" },
    { type: "response.output_text.done", item_id: "i", text: "hello" },
    { type: "response.output_item.done", item },
    ended("response.completed", { status: "completed", output: [item] }),
  ]);
  assert.equal(twice.answer.text, "hello");
  assert.equal(twice.answer.outputBytes, 5);
});

test("an end that says less than the pieces takes nothing back", () => {
  const { answer } = run([
    { type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "hello" },
    { type: "response.output_text.done", output_index: 0, content_index: 0, text: "" },
    ended("response.completed", { status: "completed" }),
  ]);
  assert.equal(answer.text, "hello");
});

test("calls that the client runs are tool calls, and what the provider runs is not", () => {
  const items = [
    { type: "function_call", name: "f", arguments: '{"a":1}' },
    { type: "custom_tool_call", name: "c", input: "SELECT 1" },
    { type: "local_shell_call", action: { type: "exec", command: ["ls"] } },
    { type: "shell_call", action: { commands: ["ls"] }, environment: { type: "local" } },
    { type: "shell_call", action: { commands: ["ls"] }, environment: { type: "container_reference" } },
    { type: "tool_search_call", arguments: {}, execution: "client" },
    { type: "tool_search_call", arguments: {}, execution: "server" },
    { type: "web_search_call", action: { type: "search", query: "q" } },
    { type: "reasoning", summary: [] },
    { type: "message", content: [] },
  ];
  const { answer } = run([ended("response.completed", { status: "completed", output: items })]);
  assert.deepEqual(answer.toolCalls, [
    { name: "f", arguments: { a: 1 } },
    { name: "c", arguments: "SELECT 1" },
    { name: "local_shell", arguments: { type: "exec", command: ["ls"] } },
    { name: "shell", arguments: { commands: ["ls"] } },
    { name: "tool_search", arguments: {} },
  ]);
  assert.deepEqual(answer.details, { server_items: ["shell_call", "tool_search_call", "web_search_call"] });
});

test("arguments come together from their pieces", () => {
  const { answer } = run([
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { type: "function_call", name: "f", arguments: "" },
    },
    { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"a":' },
    { type: "response.function_call_arguments.delta", output_index: 0, delta: "1}" },
  ]);
  assert.deepEqual(answer.toolCalls, [{ name: "f", arguments: { a: 1 } }]);
});

test("shows the summary of reasoning, and counts raw reasoning", () => {
  const { answer } = run([
    { type: "response.reasoning_summary_text.delta", output_index: 0, summary_index: 0, delta: "s" },
    { type: "response.reasoning_text.delta", output_index: 0, content_index: 0, delta: "raw" },
  ]);
  assert.equal(answer.reasoningText, "s");
  assert.equal(answer.text, undefined);
  assert.equal(answer.outputBytes, 4);
});

test("passes on events of types that nobody knows, and counts what they add", () => {
  const { answer, unparsedEvents } = run([
    { type: "response.poem.delta", delta: "ode" },
    { type: "response.audio.delta", delta: "AAAA" },
    { type: "keepalive" },
    "no JSON",
    "[1]",
  ]);
  assert.equal(answer.outputBytes, 3);
  assert.equal(unparsedEvents, 2);
});

test("keeps no text unless it is asked to, and still counts it", () => {
  const { answer } = run(
    [{ type: "response.output_text.delta", output_index: 0, content_index: 0, delta: "é" }],
    false,
  );
  assert.deepEqual([answer.text, answer.outputBytes], [undefined, 2]);
});

test(`more than ${ANSWER_PARTS_MAX} items and pieces end the stream`, () => {
  const piece = (content_index: number) => ({
    type: "response.output_text.delta",
    output_index: 0,
    content_index,
    delta: "x",
  });
  // One of them is the item itself.
  const most = Array.from({ length: ANSWER_PARTS_MAX - 1 }, (_, index) => piece(index));
  assert.equal(run(most, false).fault, undefined);
  assert.equal(run([...most, piece(most.length)], false).fault, "the answer has too many items or parts");
});

test(`keeps ${KEPT_BYTES_MAX} bytes of text and ends the stream at more, but only where text is kept`, () => {
  const piece = { type: "response.output_text.delta", output_index: 0, delta: "x".repeat(512 * 1024) };
  const most = Array.from({ length: KEPT_BYTES_MAX / piece.delta.length }, () => piece);
  const one = { ...piece, delta: "x" };
  assert.equal(run(most).fault, undefined);
  assert.match(run([...most, one]).fault ?? "", /bytes of text/);
  assert.equal(run([...most, one], false).fault, undefined);
});
