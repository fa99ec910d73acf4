import assert from "node:assert/strict";
import { test } from "node:test";
import { bedrockConverse } from "./index.ts";

function read(body: unknown, headers: { [name: string]: string } = {}, status = 200) {
  return bedrockConverse.readResponse({
    status,
    headers: new Map(Object.entries(headers).map(([name, value]) => [name, [value]])),
    bytes: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  });
}

const message = (...content: readonly object[]) => ({ output: { message: { role: "assistant", content } } });

test("reads a message, its usage by kind and what the whole of it is", () => {
  const answer = read({
    ...message(
      { reasoningContent: { reasoningText: { text: "Hm.", signature: "s" } } },
      { text: "Hel" },
      { citationsContent: { content: [{ text: "lo" }], citations: [{ source: "s" }] } },
      { toolUse: { toolUseId: "i", name: "look", input: { at: 7 } } },
    ),
    stopReason: "tool_use",
    usage: {
      inputTokens: 3,
      outputTokens: 5,
      totalTokens: 15,
      cacheReadInputTokens: 7,
      cacheWriteInputTokens: 0,
    },
  });
  assert.deepEqual(answer, {
    invalid: undefined,
    model: undefined,
    usage: { input: 3, output: 5, total: 15, cachedInput: 7, cacheCreationInput: 0 },
    whole: { input: 10, output: 5 },
    finishReasons: ["tool_use"],
    finishKinds: ["tool_calls"],
    text: "Hello",
    texts: ["Hello"],
    outputBytes: 16,
    toolCalls: [{ name: "look", arguments: { at: 7 } }],
    reasoningText: "Hm.",
    refusal: undefined,
    error: undefined,
    errorCode: null,
    details: {},
  });
});

test("lists what the provider ran or added by itself, which the client does not run", () => {
  const { toolCalls, details } = read(
    message(
      { toolUse: { name: "nova_code_interpreter", input: {}, type: "server_tool_use" } },
      { toolResult: { content: [{ json: {} }], type: "nova_code_interpreter_result" } },
      { reasoningContent: { redactedContent: "ZQ==" } },
    ),
  );
  assert.deepEqual(toolCalls, []);
  assert.deepEqual(details, {
    server_items: ["server_tool_use:nova_code_interpreter", "toolResult", "redactedContent"],
  });
});

for (const [reason, kind] of [
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["guardrail_intervened", "content_filter"],
  ["content_filtered", "content_filter"],
  ["malformed_tool_use", "other"],
] as const) {
  test(`takes ${reason} for ${kind}`, () => {
    const { finishReasons, finishKinds } = read({ ...message(), stopReason: reason });
    assert.deepEqual([finishReasons, finishKinds], [[reason], [kind]]);
  });
}

const ERRORS: readonly (readonly [
  title: string,
  body: object,
  headers: { [name: string]: string },
  error: readonly [type: string | null, message: string],
])[] = [
  ["a message alone", { message: "m" }, {}, [null, "m"]],
  ["a message in upper case", { Message: "m" }, {}, [null, "m"]],
  [
    "a type in the header",
    { message: "m" },
    { "x-amzn-errortype": "ValidationException:http://internal.amazon.com/coral/" },
    ["ValidationException", "m"],
  ],
  [
    "a type in the body",
    { __type: "com.amazon.coral.service#UnknownOperationException" },
    {},
    ["UnknownOperationException", ""],
  ],
  [
    "a type within another object",
    { Output: { __type: "com.amazon#UnknownOperationException", message: "m" }, Version: "1.0" },
    {},
    ["UnknownOperationException", "m"],
  ],
  ["no message at all", {}, { "x-amzn-errortype": "ThrottlingException" }, ["ThrottlingException", ""]],
];
for (const [title, body, headers, [type, words]] of ERRORS) {
  test(`reads an error: ${title}`, () => {
    assert.deepEqual(read(body, headers, 400).error, { type, message: words, code: null });
  });
}

test("a message of the model's is no error, whatever is beside it", () => {
  assert.equal(
    read({ ...message({ text: "t" }), message: "m" }, { "x-amzn-errortype": "E" }).error,
    undefined,
  );
});

for (const body of [
  {},
  { output: null },
  { output: { message: { content: "t" } } },
  { output: { message: { content: [null, 7, "t", {}, { text: 7 }, { toolUse: 7 }] } } },
  { usage: { inputTokens: -1, outputTokens: "5", totalTokens: 1.5 }, stopReason: 7 },
]) {
  test(`makes nothing up of ${JSON.stringify(body)}`, () => {
    const { text, usage, finishReasons, toolCalls, error, invalid } = read(body);
    assert.deepEqual(
      [text, finishReasons, toolCalls, error, invalid],
      [undefined, [], [], undefined, undefined],
    );
    assert.deepEqual(usage ?? {}, {});
  });
}

test("a body that is no object is invalid", () => {
  for (const body of ["", "{", "[]", "null"]) assert.equal(typeof read(body).invalid, "string", body);
});
