import assert from "node:assert/strict";
import { test } from "node:test";
import { RESPONSE_BYTES_MAX } from "../bounds.ts";
import type { ReadAnswer } from "../format.ts";
import { CONTENT_BLOCKS_MAX } from "./answer.ts";
import { readResponse } from "./response.ts";

function read(body: unknown): ReadAnswer {
  return readResponse(200, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

test("reads a message", () => {
  const answer = read({
    type: "message",
    model: "claude",
    content: [
      { type: "thinking", thinking: "hm", signature: "s" },
      { type: "text", text: "one " },
      { type: "tool_use", id: "i", name: "look", input: { a: 1 } },
      { type: "text", text: "two" },
      { type: "web_search_tool_result", content: [] },
    ],
    stop_reason: "tool_use",
    usage: { input_tokens: 1, output_tokens: 2, cache_read_input_tokens: 0, cache_creation_input_tokens: 5 },
  });
  assert.deepEqual([answer.text, answer.reasoningText, answer.model], ["one two", "hm", "claude"]);
  assert.deepEqual(answer.toolCalls, [{ name: "look", arguments: { a: 1 } }]);
  assert.deepEqual(answer.usage, { input: 1, output: 2, cachedInput: 0, cacheCreationInput: 5 });
  assert.deepEqual(answer.whole, { input: 6, output: 2 });
  assert.deepEqual(
    [answer.finishReasons, answer.details],
    [["tool_use"], { server_items: ["web_search_tool_result"] }],
  );
});

test("says what a reason to stop means, and keeps it as it was sent", () => {
  for (const [reason, kind] of [
    ["end_turn", "stop"],
    ["stop_sequence", "stop"],
    ["max_tokens", "length"],
    ["model_context_window_exceeded", "length"],
    ["tool_use", "tool_calls"],
    ["refusal", "content_filter"],
    ["pause_turn", "pause"],
    ["of_tomorrow", "other"],
  ]) {
    const { finishReasons, finishKinds } = read({ stop_reason: reason });
    assert.deepEqual([finishReasons, finishKinds], [[reason], [kind]]);
  }
  assert.deepEqual(read({ stop_reason: null }).finishKinds, []);
});

test("a count of tokens is no usage, and uses none", () => {
  const { usage, whole, invalid } = read({ input_tokens: 2095 });
  assert.deepEqual([usage, whole, invalid], [undefined, { input: 0, output: 0 }, undefined]);
  for (const message of [
    { type: "message", input_tokens: 5 },
    { content: [], input_tokens: 5 },
    { input_tokens: "5" },
  ])
    assert.equal(read(message).whole, undefined);
});

test("finds an error in Anthropic's form, and in those of gateways", () => {
  const error = (body: object) => read(body).error;
  assert.deepEqual(error({ type: "error", error: { type: "api_error", message: "m" }, request_id: "r" }), {
    type: "api_error",
    message: "m",
    code: null,
  });
  assert.equal(error({ type: "error", error: { details: { error_code: "c" } } })?.code, "c");
  assert.equal(error({ error: { message: "m", code: 42 } })?.code, "42");
  assert.equal(error({ error: "plain" })?.message, "plain");
  assert.equal(error({ type: "error", message: "flat" })?.message, "flat");
  assert.equal(error({ type: "message", error: null }), undefined);
});

test("says why a body is no message", () => {
  for (const [body, reason] of [
    ["", /not JSON/],
    ["<html>", /not JSON/],
    ["[]", /not a JSON object/],
    ["null", /not a JSON object/],
    [" ".repeat(RESPONSE_BYTES_MAX + 1), /larger than/],
    [
      { content: Array.from({ length: CONTENT_BLOCKS_MAX + 1 }, () => ({ type: "text" })) },
      /too many content blocks/,
    ],
  ] as const) {
    const { invalid, usage } = read(body);
    assert.match(invalid ?? "", reason);
    assert.equal(usage, undefined);
  }
});

test("takes members of any type without a fault", () => {
  for (const odd of [null, 5, "x", [], {}, [null], [5], [{}], [{ type: 5 }], [[[]]]])
    for (const member of ["model", "content", "usage", "stop_reason", "error", "type"])
      assert.equal(read({ [member]: odd }).invalid, undefined, `${member}: ${JSON.stringify(odd)}`);
});

test("takes input that is nested too deep for text", () => {
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  const { invalid, toolCalls } = read(`{"content":[{"type":"tool_use","name":"n","input":${deep}}]}`);
  assert.deepEqual([invalid, toolCalls], [undefined, [{ name: "n", arguments: "" }]]);
});
