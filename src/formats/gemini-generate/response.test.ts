import assert from "node:assert/strict";
import { test } from "node:test";
import { TOOL_CALLS_MAX, WORD_CHARS_MAX } from "../bounds.ts";
import type { ReadAnswer } from "../format.ts";
import { CANDIDATES_MAX } from "./answer.ts";
import { SERVER_PARTS_MAX } from "./candidate.ts";
import { readResponse } from "./response.ts";

function read(body: unknown): ReadAnswer {
  return readResponse(Buffer.from(typeof body === "string" ? body : JSON.stringify(body)));
}

const parts = (...all: readonly object[]) => ({ candidates: [{ content: { role: "model", parts: all } }] });

test("keeps several candidates apart, in the order of their indices", () => {
  const answer = read({
    candidates: [
      { index: 1, content: { parts: [{ text: "second" }] }, finishReason: "MAX_TOKENS" },
      { content: { parts: [{ text: "first" }] }, finishReason: "STOP" },
    ],
  });
  assert.deepEqual(
    [answer.texts, answer.text, answer.finishReasons, answer.finishKinds],
    [["first", "second"], "first", ["STOP", "MAX_TOKENS"], ["stop", "length"]],
  );
  const plain = read({ candidates: [{ content: { parts: [{ text: "first" }] } }, { finishReason: "STOP" }] });
  assert.deepEqual(
    [plain.texts, plain.finishReasons],
    [
      ["first", undefined],
      [null, "STOP"],
    ],
  );
});

test("tells thoughts, texts, calls and what the provider ran from each other", () => {
  const answer = read(
    parts(
      { text: "Hm.", thought: true },
      { text: "A" },
      { executableCode: { language: "PYTHON", code: "1+1" } },
      { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } },
      { text: "B" },
      { functionCall: { name: "f", args: { a: 1 } } },
      { functionCall: { name: "g" } },
      { inlineData: { mimeType: "image/png", data: "ZGF0YQ==" } },
    ),
  );
  assert.deepEqual([answer.text, answer.reasoningText], ["AB", "Hm."]);
  assert.deepEqual(answer.toolCalls, [
    { name: "f", arguments: { a: 1 } },
    { name: "g", arguments: {} },
  ]);
  assert.deepEqual(answer.details, { server_items: ["executableCode", "codeExecutionResult"] });
  assert.equal(answer.outputBytes, "Hm.AB1+1".length + '{"a":1}'.length);
});

test("says what a reason to finish means, by name and by number", () => {
  const kinds = (finishReason: unknown, ...content: object[]) => {
    const answer = read({ candidates: [{ content: { parts: content }, finishReason }] });
    return [answer.finishReasons[0], answer.finishKinds?.[0], answer.details?.finish_reasons];
  };
  assert.deepEqual(kinds("STOP"), ["STOP", "stop", undefined]);
  assert.deepEqual(kinds(1), ["STOP", "stop", [1]]);
  assert.deepEqual(kinds("STOP", { functionCall: { name: "f" } }), ["STOP", "tool_calls", undefined]);
  assert.deepEqual(kinds("MAX_TOKENS"), ["MAX_TOKENS", "length", undefined]);
  assert.deepEqual(kinds("MODEL_ARMOR"), ["MODEL_ARMOR", "content_filter", undefined]);
  assert.deepEqual(kinds("OF_TOMORROW"), ["OF_TOMORROW", "other", undefined]);
  assert.deepEqual(kinds(99), ["99", "other", [99]]);
  assert.deepEqual(kinds(undefined), [null, null, undefined]);
});

test("counts everything that was used, whatever Google's servers leave out because it is zero", () => {
  const whole = (usageMetadata: object) => read({ candidates: [], usageMetadata }).whole;
  assert.deepEqual(
    whole({
      promptTokenCount: 10,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 5,
      toolUsePromptTokenCount: 7,
      totalTokenCount: 26,
      cachedContentTokenCount: 3,
    }),
    { input: 17, output: 9 },
  );
  assert.deepEqual(whole({ promptTokenCount: 10, totalTokenCount: 10 }), { input: 10, output: 0 });
  assert.deepEqual(whole({ promptTokenCount: 10, thoughtsTokenCount: 5, totalTokenCount: 15 }), {
    input: 10,
    output: 5,
  });
  assert.deepEqual(whole({ promptTokenCount: 10 }), { input: 10, output: undefined });
  assert.equal(whole({ candidatesTokenCount: 4 }), undefined);
});

test("takes no count from what is none", () => {
  for (const count of [-1, 1.5, "3", 1e300, null, {}])
    assert.deepEqual(read({ usageMetadata: { promptTokenCount: count, candidatesTokenCount: 2 } }).usage, {
      output: 2,
    });
});

test("reads an answer that comes as an array of pieces, and an error in one", () => {
  const answer = read([
    parts({ text: "Hel" }),
    { ...parts({ text: "lo" }), usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1 } },
  ]);
  assert.deepEqual([answer.text, answer.whole], ["Hello", { input: 3, output: 1 }]);
  const failed = read([{ error: { code: 429, message: "Slow down.", status: "RESOURCE_EXHAUSTED" } }]);
  assert.deepEqual(failed.error, { type: "RESOURCE_EXHAUSTED", message: "Slow down.", code: null });
  assert.equal(failed.errorCode, 429);
});

test("takes the code of a refusal of Regent's own out of it, and of nobody else's", () => {
  const code = (domain: string) =>
    read({
      error: {
        code: 403,
        message: "No.",
        status: "PERMISSION_DENIED",
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "some_code", domain }],
      },
    });
  assert.deepEqual([code("regent").error?.code, code("regent").errorCode], ["some_code", "some_code"]);
  assert.deepEqual([code("googleapis.com").error?.code, code("googleapis.com").errorCode], [null, 403]);
});

test("says that a prompt was blocked, and that a count of tokens used none", () => {
  const blocked = read({ promptFeedback: { blockReason: "SAFETY" }, usageMetadata: { promptTokenCount: 2 } });
  assert.deepEqual([blocked.details, blocked.finishReasons], [{ prompt_block: "SAFETY" }, []]);
  const counted = read({ totalTokens: 7, promptTokensDetails: [] });
  assert.deepEqual([counted.whole, counted.usage], [{ input: 0, output: 0 }, undefined]);
});

test("says why a body is none, and never throws", () => {
  for (const [body, words] of [
    ["", /not JSON/],
    ["[[]]", /neither a JSON object/],
    ["5", /neither a JSON object/],
    ["null", /neither a JSON object/],
  ] as const)
    assert.match(read(body).invalid ?? "", words);
  for (const odd of [
    { candidates: 5, usageMetadata: [], promptFeedback: "x", error: 5, modelVersion: 5 },
    { candidates: [null, { content: [], finishReason: {} }, { content: { parts: "x" } }] },
    parts({ text: 5 }, { functionCall: "f" }, { functionCall: { name: 5, args: "x", partialArgs: [5, {}] } }),
  ])
    assert.equal(read(odd).invalid, undefined);
});

test("takes no more candidates, calls and parts than any answer has", () => {
  const many = (count: number, item: object) => Array.from({ length: count }, () => item);
  const call = { functionCall: { name: "f" } };
  assert.equal(read(parts(...many(TOOL_CALLS_MAX, call))).invalid, undefined);
  assert.match(read(parts(...many(TOOL_CALLS_MAX + 1, call))).invalid ?? "", /too many tool calls/);
  const code = { executableCode: {} };
  assert.equal(read(parts(...many(SERVER_PARTS_MAX, code))).invalid, undefined);
  assert.match(read(parts(...many(SERVER_PARTS_MAX + 1, code))).invalid ?? "", /too many parts/);
  const candidates = (count: number) => ({ candidates: many(count, {}).map((_, index) => ({ index })) });
  assert.equal(read(candidates(CANDIDATES_MAX)).invalid, undefined);
  assert.match(read(candidates(CANDIDATES_MAX + 1)).invalid ?? "", /too many candidates/);
});

test("keeps words of the upstream only so far", () => {
  const long = "w".repeat(10_000);
  const answer = read({
    modelVersion: long,
    promptFeedback: { blockReason: long },
    candidates: [{ content: { parts: [{ functionCall: { name: long } }] }, finishReason: long }],
  });
  const words = [
    answer.model,
    answer.toolCalls[0]?.name,
    answer.finishReasons[0],
    answer.details?.prompt_block,
  ];
  for (const word of words) assert.equal((word as string).length, WORD_CHARS_MAX);
});
