import assert from "node:assert/strict";
import { test } from "node:test";
import { RESPONSE_BYTES_MAX, TOOL_CALLS_MAX, WORD_CHARS_MAX } from "../bounds.ts";
import type { ReadAnswer } from "../format.ts";
import { CHOICES_MAX } from "../openai/answer.ts";
import { readResponse } from "./response.ts";

function read(body: unknown, status = 200): ReadAnswer {
  return readResponse(status, Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

function message(...messages: object[]): { choices: object[] } {
  return { choices: messages.map((content, index) => ({ index, message: content, finish_reason: "stop" })) };
}

test("reads text, reasoning, refusal, tool calls and usage of all choices", () => {
  const answer = read({
    model: "sim-small",
    choices: [
      { index: 1, message: { content: "second", refusal: null }, finish_reason: "length" },
      {
        index: 0,
        message: {
          content: "é",
          reasoning_content: "because",
          tool_calls: [{ id: "1", type: "function", function: { name: "f", arguments: '{"a":1}' } }],
        },
        finish_reason: "tool_calls",
      },
    ],
    usage: {
      prompt_tokens: 3,
      completion_tokens: 4,
      total_tokens: 7,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  });
  assert.deepEqual(answer, {
    invalid: undefined,
    model: "sim-small",
    usage: { input: 3, output: 4, cachedInput: 0, total: 7 },
    finishReasons: ["tool_calls", "length"],
    finishKinds: ["tool_calls", "length"],
    text: "é",
    texts: ["é", "second"],
    outputBytes: 2 + 7 + 7 + 6,
    toolCalls: [{ name: "f", arguments: { a: 1 } }],
    reasoningText: "because",
    refusal: undefined,
    error: undefined,
    errorCode: null,
  });
});

test("reads calls of every kind, and arguments that are no JSON as they stand", () => {
  const answer = read(
    message({
      tool_calls: [
        { type: "custom", custom: { name: "run", input: "ls -l" } },
        { function: { name: "objects", arguments: { a: 1 } } },
        { function: { name: "silent" } },
        { function: { name: "cut", arguments: '{"a":' } },
      ],
      function_call: { name: "older", arguments: "[]" },
    }),
  );
  assert.deepEqual(answer.toolCalls, [
    { name: "run", arguments: "ls -l" },
    { name: "objects", arguments: { a: 1 } },
    { name: "silent", arguments: "" },
    { name: "cut", arguments: '{"a":' },
    { name: "older", arguments: [] },
  ]);
});

test("tells no text from an empty one", () => {
  assert.equal(read(message({ content: null })).text, undefined);
  assert.equal(read(message({})).text, undefined);
  assert.equal(read(message({ content: "" })).text, "");
  assert.equal(read(message({ content: [] })).text, "");
  assert.equal(read(message({ content: [{ type: "thinking", thinking: "hm" }] })).text, undefined);
});

test("counts that are no whole numbers from zero up are not reported", () => {
  const usage = (value: unknown) => read({ usage: { prompt_tokens: value, completion_tokens: 1 } }).usage;
  for (const value of [-1, 1.5, "12", null, {}, 1e300, Number.MAX_SAFE_INTEGER + 1])
    assert.deepEqual(usage(value), { output: 1 });
  assert.deepEqual(usage(0), { input: 0, output: 1 });
  assert.equal(read({ usage: null }).usage, undefined);
  assert.equal(read({ usage: [1] }).usage, undefined);
  assert.equal(read('{"usage":{"prompt_tokens":1e999}}').usage?.input, undefined);
});

const ERRORS: readonly (readonly [body: unknown, error: unknown, code: unknown])[] = [
  [{ error: { message: "m", type: "t", code: "c" } }, { type: "t", message: "m", code: "c" }, "c"],
  [{ error: { message: "m", code: 429 } }, { type: null, message: "m", code: "429" }, 429],
  [{ error: "plain" }, { type: null, message: "plain", code: null }, null],
  [{ error: { message: { deep: 1 }, type: 5, code: {} } }, { type: null, message: "", code: null }, null],
  [{ object: "error", message: "m", type: "t", code: 400 }, { type: "t", message: "m", code: "400" }, 400],
  [{ error: null }, undefined, null],
];
for (const [body, error, code] of ERRORS) {
  test(`reads the error of ${JSON.stringify(body)}`, () => {
    const answer = read(body, 500);
    assert.deepEqual(answer.error, error);
    assert.equal(answer.errorCode, code);
  });
}

for (const body of ["", "<html>bad gateway</html>", "null", "[]", '"text"', "\uFEFF{}"]) {
  test(`knows nothing of ${JSON.stringify(body)}, and says why`, () => {
    const { invalid, ...answer } = read(body);
    assert.match(invalid ?? "", /^body is not/);
    assert.deepEqual(
      { model: answer.model, usage: answer.usage, reasons: answer.finishReasons, bytes: answer.outputBytes },
      { model: undefined, usage: undefined, reasons: [], bytes: 0 },
    );
  });
}

test("does not fall over answers of any shape", () => {
  for (const body of [
    { choices: {} },
    { choices: [null, 1, "x", {}] },
    { choices: [{ message: null }, { message: [] }] },
    message({ content: 5, tool_calls: "x", reasoning: {}, function_call: [] }),
    message({
      tool_calls: [null, {}, { function: 5 }, { index: "x", function: { name: 1, arguments: null } }],
    }),
    message({ content: [null, 1, {}, { type: "text" }] }),
    { choices: [{ index: 1e300, finish_reason: 5, message: { content: "x" } }] },
    { model: 5, x_groq: 5, usage: { prompt_tokens_details: 5 } },
  ]) {
    assert.equal(read(body).invalid, undefined);
  }
});

test("holds choices and tool calls to their limits", () => {
  const choices = (count: number) => message(...new Array<object>(count).fill({ content: "x" }));
  assert.equal(read(choices(CHOICES_MAX)).invalid, undefined);
  assert.match(read(choices(CHOICES_MAX + 1)).invalid ?? "", /too many choices/);
  const calls = (count: number) =>
    message({ tool_calls: new Array(count).fill({ function: { name: "f" } }) });
  assert.equal(read(calls(TOOL_CALLS_MAX)).toolCalls.length, TOOL_CALLS_MAX);
  assert.match(read(calls(TOOL_CALLS_MAX + 1)).invalid ?? "", /too many choices or tool calls/);
  const two = (count: number) =>
    message(...calls(TOOL_CALLS_MAX / 2).choices.map(said), ...calls(count).choices.map(said));
  assert.equal(read(two(TOOL_CALLS_MAX / 2)).toolCalls.length, TOOL_CALLS_MAX);
  assert.match(read(two(TOOL_CALLS_MAX / 2 + 1)).invalid ?? "", /too many choices or tool calls/);
});

function said(choice: object): object {
  return (choice as { message: object }).message;
}

test("keeps only the beginning of names and reasons that no model would give", () => {
  const word = (length: number) => "w".repeat(length);
  const answer = (length: number) =>
    read({
      model: word(length),
      choices: [
        { finish_reason: word(length), message: { tool_calls: [{ function: { name: word(length) } }] } },
      ],
    });
  for (const length of [WORD_CHARS_MAX, WORD_CHARS_MAX + 1]) {
    const { model, finishReasons, toolCalls } = answer(length);
    const kept = word(WORD_CHARS_MAX);
    assert.deepEqual([model, finishReasons, toolCalls[0]?.name], [kept, [kept], kept]);
  }
});

test(`parses an answer of ${RESPONSE_BYTES_MAX} bytes and none that is larger`, () => {
  const usage = '{"usage":{"prompt_tokens":1}}';
  assert.equal(read(usage.padEnd(RESPONSE_BYTES_MAX)).usage?.input, 1);
  const larger = read(usage.padEnd(RESPONSE_BYTES_MAX + 1));
  assert.equal(larger.usage, undefined);
  assert.match(larger.invalid ?? "", /larger than/);
});

test("reads an answer that is nested deeper than a reader should follow", () => {
  const nested = (open: string, close: string) => `${open.repeat(50_000)}"x"${close.repeat(50_000)}`;
  const usage = '"usage":{"prompt_tokens":1}';
  const ofMessage = (message: string) => read(`{${usage},"choices":[{"message":{${message}}}]}`).usage?.input;
  assert.equal(ofMessage(`"reasoning":${nested('[{"text":', "}]")}`), 1);
  assert.equal(ofMessage(`"tool_calls":[{"function":{"name":"f","arguments":${nested("[", "]")}}}]`), 1);
});

test("reads refusals and thoughts apart from what is said", () => {
  const thoughts = [
    { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
    { type: "text", text: "yes" },
  ];
  const answer = read(message({ content: thoughts, refusal: "no" }));
  assert.deepEqual(
    [answer.text, answer.reasoningText, answer.refusal, answer.outputBytes],
    ["yes", "hm", "no", 7],
  );
  assert.equal(read(message({ content: "a", refusal: "" })).refusal, undefined);
});

test("says what the reasons to finish mean, beside the reasons", () => {
  const reasons = [
    "stop",
    "length",
    "model_length",
    "tool_calls",
    "function_call",
    "content_filter",
    "abort",
    null,
  ];
  const choices = reasons.map((finish_reason, index) => ({ index, finish_reason, message: {} }));
  const { finishReasons, finishKinds } = readResponse(200, Buffer.from(JSON.stringify({ choices })));
  assert.deepEqual(finishReasons, reasons);
  assert.deepEqual(finishKinds, [
    "stop",
    "length",
    "length",
    "tool_calls",
    "tool_calls",
    "content_filter",
    "other",
    null,
  ]);
});

test("takes an object without words in the place of a function call for none, as Snowflake sends it", () => {
  const empty = { content: "4", function_call: { name: "", arguments: "" }, tool_calls: null };
  assert.deepEqual(read(message(empty)).toolCalls, []);
  const named = { content: null, function_call: { name: "f", arguments: "" } };
  assert.deepEqual(read(message(named)).toolCalls, [{ name: "f", arguments: "" }]);
});
