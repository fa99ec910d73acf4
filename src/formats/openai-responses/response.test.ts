import assert from "node:assert/strict";
import { test } from "node:test";
import { ANSWER_PARTS_MAX } from "./answer.ts";
import { readResponse } from "./response.ts";

function read(body: unknown) {
  return readResponse(200, Buffer.from(JSON.stringify(body)));
}

test("not reported is not zero", () => {
  assert.equal(read({ status: "queued", usage: null }).usage, undefined);
  assert.deepEqual(read({ usage: { input_tokens: 0, input_tokens_details: { cached_tokens: 0 } } }).usage, {
    input: 0,
    cachedInput: 0,
  });
  assert.deepEqual(read({ usage: { input_tokens: -1, output_tokens: 1.5, total_tokens: "7" } }).usage, {});
});

test("the status is the reason to finish, or why it is incomplete", () => {
  assert.deepEqual(read({ status: "completed" }).finishReasons, ["completed"]);
  assert.deepEqual(
    read({ status: "incomplete", incomplete_details: { reason: "content_filter" } }).finishReasons,
    ["content_filter"],
  );
  assert.deepEqual(read({ error: { message: "m", type: "t", code: null } }).finishReasons, []);
});

test("a body that cannot be a response is invalid", () => {
  assert.equal(readResponse(200, Buffer.from("[]")).invalid, "body is not a JSON object");
  const output = Array.from({ length: ANSWER_PARTS_MAX + 1 }, () => ({ type: "reasoning" }));
  assert.equal(read({ output }).invalid, "body has too many items or parts");
});
