import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bytesOf,
  compileAnswering,
  createStage,
  exchangeOf,
  planOf,
  type Stage,
  send,
} from "../../../test/support/pipeline.ts";
import { headersFrom } from "../../exchange/headers.ts";
import type { JsonObject } from "../../exchange/json.ts";

const policy = await compileAnswering();
const REGISTRY = `
version: 1
targets:
  - { name: triton, region: us, provider: sim, format: triton-generate }
  - { name: mlserver, region: us, provider: sim, format: kserve-v2 }
models:
  - name: words
    stage: active
    versions:
      - name: words-1
        weight: 1
        targets: [triton]
        completions: { textInput: prompt, textOutput: completion, inputs: { max_tokens: request_output_len } }
  - name: rows
    stage: active
    versions:
      - name: rows-1
        weight: 1
        targets: [mlserver]
        tensors: { inputs: [{ name: features, datatype: FP64, shape: [-1, 2] }] }
`;
const JSON_HEAD = { status: 200, headers: headersFrom([["content-type", "application/json"]]) };

/** A request that was let through, and the attempt to send it. */
async function attemptOf(stage: Stage, target: string, path: string, body: JsonObject) {
  const sent = await send(stage, { path, body });
  planOf(sent.answer);
  const exchange = exchangeOf(stage, { path, body });
  const attempt = stage.governor.attempt({
    exchange: { ...exchange, id: sent.exchange.id },
    target,
    host: undefined,
  });
  await attempt.requestHead(false);
  const answered = planOf(sent.answer).body;
  return { sent, attempt, request: await attempt.requestBody(answered ?? bytesOf(body)) };
}

test("an attempt has what the chosen version of its model declares, in both directions", async () => {
  const stage = createStage({ policy, registry: REGISTRY });
  const body = { model: "words", prompt: "p", max_tokens: 5 };
  const { attempt, request, sent } = await attemptOf(stage, "triton", "/v1/completions", body);
  assert.deepEqual(JSON.parse(planOf(request).body?.toString() ?? ""), {
    prompt: "p",
    request_output_len: 5,
  });
  await attempt.responseHead(JSON_HEAD, false);
  const answer = planOf(await attempt.responseBody(bytesOf({ text_output: "other", completion: "text" })));
  const { choices } = JSON.parse(answer.body?.toString() ?? "") as { choices: { text: string }[] };
  assert.deepEqual(
    choices.map(({ text }) => text),
    ["text"],
  );
  sent.governance.end("complete");
});

test("an attempt that contradicts what is declared leaves nothing behind, with 400", async () => {
  const stage = createStage({ policy, registry: REGISTRY });
  const path = "/v1/models/rows:predict";
  const { request, sent } = await attemptOf(stage, "mlserver", path, { instances: [[1, 2, 3]] });
  assert.ok(request.kind === "answer");
  const { status, body } = request.answer;
  assert.equal(status, 400);
  assert.match(body.toString(), /features: shape \[1,3\] does not fit \[-1,2\]/);
  sent.governance.end("complete");
});
