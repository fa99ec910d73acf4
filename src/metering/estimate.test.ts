import assert from "node:assert/strict";
import { test } from "node:test";
import type { Inference } from "../exchange/inference.ts";
import type { Model } from "../exchange/model.ts";
import { estimate, OUTPUT_TOKENS_DEFAULT } from "./estimate.ts";

function inference(more: Partial<Inference> = {}): Inference {
  return {
    format: "openai-chat",
    operation: "chat",
    model: "m",
    stream: false,
    textParts: [{ pointer: "/messages/0/content", text: "12345678", role: "user" }],
    opaqueParts: [],
    textBytes: 8,
    maxOutputTokens: undefined,
    choices: 1,
    tools: [],
    modalities: ["text"],
    parameters: {},
    user: undefined,
    usageInStream: false,
    ...more,
  };
}

const model: Model = { name: "m", stage: "active", versions: [] };

test("counts a token for four bytes of text, rounded up, and what surrounds each text", () => {
  const base = estimate(inference(), undefined).inputTokens;
  assert.equal(estimate(inference({ textBytes: 9 }), undefined).inputTokens, base + 1);
  assert.equal(estimate(inference({ textBytes: 12 }), undefined).inputTokens, base + 1);
  assert.ok(estimate(inference({ textBytes: 0, textParts: [] }), undefined).inputTokens > 0);
  const twice = [...inference().textParts, ...inference().textParts];
  assert.ok(estimate(inference({ textParts: twice }), undefined).inputTokens > base);
});

test("counts a part that was not read as a large image", () => {
  const opaqueParts = [{ pointer: "/messages/0/content/1", modality: "image" }];
  const difference =
    estimate(inference({ opaqueParts }), model).inputTokens - estimate(inference(), model).inputTokens;
  assert.ok(difference >= 1_000, `${difference} tokens`);
});

test("counts tokens that the body itself holds as what they are", () => {
  const opaqueParts = [{ pointer: "/prompt", modality: "tokens", tokens: 70 }];
  assert.equal(
    estimate(inference({ opaqueParts }), model).inputTokens,
    estimate(inference(), model).inputTokens + 70,
  );
});

test("counts what only the provider can read by its size", () => {
  const opaqueParts = [{ pointer: "/messages/0/content/0/signature", modality: "encrypted", bytes: 400 }];
  assert.equal(
    estimate(inference({ opaqueParts }), model).inputTokens,
    estimate(inference(), model).inputTokens + 100,
  );
});

test("reserves no output where an answer has none", () => {
  assert.equal(estimate(inference({ maxOutputTokens: 0 }), model).outputTokensMax, 0);
});

test("bounds the output by what the client asks for, what the model gives, or a default", () => {
  const output = (maxOutputTokens: number | undefined, modelMax: number | undefined) =>
    estimate(
      inference({ maxOutputTokens }),
      modelMax === undefined ? model : { ...model, maxOutputTokens: modelMax },
    ).outputTokensMax;
  assert.equal(output(10, undefined), 10);
  assert.equal(output(10, 256), 10);
  assert.equal(output(1_000_000, 256), 256);
  assert.equal(output(undefined, 256), 256);
  assert.equal(output(undefined, undefined), OUTPUT_TOKENS_DEFAULT);
  assert.equal(estimate(inference(), undefined).outputTokensMax, OUTPUT_TOKENS_DEFAULT);
});

test("counts the output once for every answer asked for", () => {
  assert.equal(estimate(inference({ maxOutputTokens: 10, choices: 3 }), model).outputTokensMax, 30);
  const huge = inference({ maxOutputTokens: Number.MAX_SAFE_INTEGER, choices: 1_000 });
  assert.equal(estimate(huge, undefined).outputTokensMax, Number.MAX_SAFE_INTEGER);
});

test("prices the call where the model has a price", () => {
  const priced = { ...model, price: { input: 2, output: 10 } };
  const { inputTokens, costUsd } = estimate(inference({ maxOutputTokens: 100 }), priced);
  assert.equal(costUsd, (inputTokens * 2 + 100 * 10) / 1_000_000);
  assert.equal(estimate(inference(), model).costUsd, undefined);
  assert.equal(estimate(inference(), { ...model, price: { input: 0, output: 0 } }).costUsd, 0);
});
