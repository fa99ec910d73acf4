import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { base64, encodeMessage, framed } from "../../test/support/infer-proto.ts";
import {
  answer,
  chatBody,
  compileAnswering,
  createStage,
  exchangeOf,
  onlyRecord,
  refusalOf,
  send,
} from "../../test/support/pipeline.ts";
import { RegentError } from "../exchange/errors.ts";
import { headersFrom } from "../exchange/headers.ts";
import { UPSTREAM_ERROR_CHARS_MAX } from "./response.ts";

const policy = await compileAnswering();
const STREAM_HEAD = { status: 200, headers: headersFrom([["content-type", "text/event-stream"]]) };
const limited = (unit: "requests" | "tokens", amount: number) => ({
  allow: true,
  limits: [{ key: "tenant:acme", unit, amount, window: "1h" }],
});

test("counts a request for the list of models where policy limits requests", async () => {
  const stage = createStage({ policy });
  const ask = { path: "/v1/models", decide: limited("requests", 1) };
  const first = await send(stage, ask);
  assert.equal(first.answer.kind === "answer" && first.answer.answer.status, 200);
  assert.equal(refusalOf((await send(stage, ask)).answer).code, "budget_exceeded");
});

test("charges nothing for a request whose changes Envoy would not take", async () => {
  const stage = createStage({ policy });
  const { governance, answer: decided } = await send(stage, {
    body: chatBody(),
    decide: limited("tokens", 1000),
  });
  assert.equal(decided.kind, "pass");
  governance.refuse(new RegentError("obligation_unsupported", "101 headers are too many."));
  governance.end("refused");
  const { verdict, charge } = onlyRecord(stage);
  assert.deepEqual([verdict, charge], ["deny", undefined]);
  assert.deepEqual(
    stage.meter.budgets("acme").map(({ used, reserved }) => [used, reserved]),
    [[0, 0]],
  );
});

test("still charges a request that had gone upstream when the answer could not be changed", async () => {
  const stage = createStage({ policy });
  const { governance } = await send(stage, { body: chatBody(), decide: limited("tokens", 1000) });
  await governance.responseHead({ ...STREAM_HEAD }, false);
  governance.refuse(new RegentError("obligation_unsupported", "101 headers are too many."));
  governance.end("refused");
  assert.ok((onlyRecord(stage).charge?.tokens ?? 0) > 0);
});

test("records as much of an upstream's error code as a code has", async () => {
  const stage = createStage({ policy });
  const code = "x".repeat(UPSTREAM_ERROR_CHARS_MAX);
  await answer(await send(stage), { status: 500, body: { error: { code: `${code}${code}`, message: "m" } } });
  assert.equal(onlyRecord(stage).upstreamError, code);
});

test("holds no prompt in memory while its answer is streamed", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const stage = createStage({ policy, maxBodyBytes: 4 * 1024 * 1024 });
  const open = [];
  const charsOfAll = 20 * 1024 * 1024;
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 20; index++) {
    const content = `${index} ${"word ".repeat(charsOfAll / 20 / 5)}`;
    const { governance } = await send(stage, {
      body: chatBody({ stream: true, messages: [{ role: "user", content }] }),
    });
    await governance.responseHead(STREAM_HEAD, false);
    open.push(governance);
    // What policy was asked is kept by the stage, for tests that look at it.
    stage.asked.length = 0;
  }
  collect();
  const held = process.memoryUsage().heapUsed - before;
  assert.ok(held < charsOfAll / 4, `${held} bytes for ${charsOfAll} characters`);
  for (const governance of open) governance.end("complete");
});

test("holds nothing of the requests of an open stream that have left", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const stage = createStage({ policy, maxBodyBytes: 4 * 1024 * 1024 });
  const request = framed(
    encodeMessage("request", {
      modelName: "small",
      inputs: [
        {
          name: "text",
          datatype: "BYTES",
          shape: ["1"],
          contents: { bytesContents: [base64("word ".repeat(200 * 1024))] },
        },
      ],
    }),
  );
  const open = [];
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  collect();
  const before = held();
  for (let index = 0; index < 20; index++) {
    const path = "/inference.GRPCInferenceService/ModelStreamInfer";
    const governance = stage.governor.begin(exchangeOf(stage, { path, body: "" }));
    await governance.requestHead(false);
    // A piece as Envoy sends it, with the begin of the next request.
    const answer = await governance.requestChunk?.(Buffer.concat([request, request.subarray(0, 100)]), false);
    assert.equal(answer?.requests.length, 1);
    open.push(governance);
    stage.asked.length = 0;
  }
  collect();
  // Buffers are freed behind the objects that they belong to.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  const kept = held() - before;
  assert.ok(kept < (20 * request.length) / 4, `${kept} bytes for ${20 * request.length}`);
  for (const governance of open) governance.end("complete");
});
