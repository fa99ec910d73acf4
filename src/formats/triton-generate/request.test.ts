import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { Inference } from "../../exchange/inference.ts";
import { endpointOf } from "../endpoints.ts";
import { tritonGenerate } from "./index.ts";

function read(body: object, stream?: boolean): Inference {
  const endpoint = endpointOf(tritonGenerate, { model: "m" }, stream);
  return tritonGenerate.readRequest({
    bytes: Buffer.from(JSON.stringify(body)),
    headers: new Map(),
    endpoint,
  }).inference;
}

test("the path says the model and whether the answer is a stream", () => {
  const { model, stream } = read({ text_input: "t", stream: true });
  assert.deepEqual([model, stream], ["m", false]);
  assert.equal(read({ text_input: "t" }, true).stream, true);
});

for (const [title, body, bound] of [
  ["beside the text", { max_tokens: 5 }, 5],
  ["in a tensor", { request_output_len: [[6]] }, 6],
  ["in the parameters", { max_tokens: 5, parameters: { max_tokens: 7 } }, 7],
  ["in vLLM's JSON", { max_tokens: 5, sampling_parameters: '{"max_tokens":8}' }, 8],
  ["in vLLM's JSON among the parameters", { parameters: { sampling_parameters: '{"max_tokens":9}' } }, 9],
  ["nowhere", { sampling_parameters: "no JSON" }, undefined],
] as const) {
  test(`the largest bound of output tokens counts: ${title}`, () => {
    assert.equal(read({ text_input: "t", ...body }).maxOutputTokens, bound);
  });
}

for (const [title, body] of [
  ["without a text", { prompt: "p" }],
  ["whose text is a number", { text_input: 5 }],
  ["whose parameters are a list", { text_input: "t", parameters: [] }],
  ["whose bound is no number", { text_input: "t", max_tokens: "5" }],
  ["whose bound is not positive", { text_input: "t", parameters: { max_tokens: 0 } }],
  ["with another spelling of a bound", { text_input: "t", Max_Tokens: 5 }],
] as const) {
  test(`a request ${title} is refused`, () => {
    assert.throws(
      () => read(body),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    );
  });
}

test("texts of a list are answered one by one, and images are opaque", () => {
  const { choices, opaqueParts, modalities } = read({ text_input: ["a", ["b"]], image: "aGk=" });
  assert.equal(choices, 2);
  assert.deepEqual(opaqueParts, [{ pointer: "/image", modality: "image", bytes: 2 }]);
  assert.deepEqual(modalities, ["text", "image"]);
});
