/** What policy asks of answers of tensors, carried out through a real Envoy: over gRPC, and of the binary form over HTTP. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { status } from "@grpc/grpc-js";
import { headersFrom } from "../../../src/exchange/headers.ts";
import type { JsonValue } from "../../../src/exchange/json.ts";
import { describeResponse } from "../../../src/formats/kserve-v2/response.ts";
import { joinElements } from "../../../src/formats/tensors/index.ts";
import {
  asking,
  connectInfer,
  type InferClient,
  type InferModel,
  startInferModel,
  textsIn,
} from "../formats/infer-model.ts";
import type { Answer } from "../support/witness.ts";
import { type AnswersStack, MODEL, startAnswers } from "./stack.ts";

const MAIL = "jane.doe@example.com";
const TARGET = "infer";
const INSPECT: JsonValue = { allow: true, response: { inspect: true } };
const MASK: JsonValue = {
  allow: true,
  redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "response" }],
};
const bounded = (tokens: number): JsonValue => ({ allow: true, response: { max_output_tokens: tokens } });

let model: InferModel;
let answers: AnswersStack;
before(async () => {
  model = await startInferModel();
  const origin = `grpc://127.0.0.1:${model.port}`;
  answers = await startAnswers({ name: TARGET, origin, format: "kserve-v2-grpc" });
});
after(async () => {
  await answers?.stop();
  await model?.stop();
});

describe("an answer over gRPC", () => {
  const clients: InferClient[] = [];
  after(() => {
    for (const client of clients) client.close();
  });
  const client = (decide: JsonValue, deny?: string) => {
    const headers = {
      "x-decide": JSON.stringify(decide),
      ...(deny === undefined ? {} : { "x-deny": deny }),
    };
    const connected = connectInfer(answers.port, undefined, {}, headers);
    clients.push(connected);
    return connected;
  };
  const request = asking(TARGET, [`to ${MAIL}, `, "and no more"]);

  test("loses what policy wants masked, alone and in a stream", async () => {
    const masking = client(MASK);
    const { answers: whole, code, details } = await masking.infer(request);
    assert.equal(code, status.OK, details);
    assert.deepEqual(textsIn(whole[0]?.outputs[0]), ["to <EMAIL_ADDRESS>, ", "and no more"]);
    const streamed = await masking.stream(request);
    assert.equal(streamed.code, status.OK, streamed.details);
    assert.deepEqual(
      streamed.answers.map(({ infer_response: answer }) => textsIn(answer?.outputs[0])),
      [
        ["to <EMAIL_ADDRESS>, ", "and no more"],
        ["to <EMAIL_ADDRESS>, ", "and no more"],
      ],
    );
  });

  test("is an error where policy denies it", async () => {
    const denied = await client(INSPECT, "EMAIL_ADDRESS").infer(request);
    assert.deepEqual([denied.code, denied.answers], [status.INTERNAL, []]);
    const id = denied.metadata.get("x-regent-decision-id")[0] as string;
    assert.equal((await answers.recordOf(id)).verdict, "deny");
    const streamed = await client(INSPECT, "EMAIL_ADDRESS").stream(request);
    assert.deepEqual(
      streamed.answers.map(({ error_message: message, infer_response: answer }) => [message, answer]),
      [["No.", null]],
    );
  });

  test("comes as it was where nothing is found in it", async () => {
    const { answers: whole, code } = await client(INSPECT).infer(asking(TARGET, ["Hello."]));
    assert.deepEqual([code, textsIn(whole[0]?.outputs[0])], [status.OK, ["Hello."]]);
  });

  test("is held to a length", async () => {
    const within = await client(bounded(50)).stream(request);
    assert.equal(within.answers.length, 2, within.details);
    const beyond = await client(bounded(12)).stream(request);
    assert.deepEqual(
      beyond.answers.map(({ infer_response: answer }) => answer),
      [null],
    );
    assert.notEqual(beyond.answers[0]?.error_message, "");
    const whole = await client(bounded(2)).infer(request);
    assert.deepEqual([whole.code, whole.answers], [status.INTERNAL, []]);
  });
});

describe("a binary answer over HTTP", () => {
  const dialect = {
    name: "kserve-v2",
    path: `/v2/models/${MODEL}/infer`,
    body: { inputs: [{ name: "text", datatype: "BYTES", shape: [1], data: ["Hello."] }] },
  } as const;
  const raw = joinElements([Buffer.from(`to ${MAIL}`), Buffer.from("and no more")]);
  const json = JSON.stringify({
    model_name: MODEL,
    outputs: [{ name: "said", datatype: "BYTES", shape: [2], parameters: { binary_data_size: raw.length } }],
  });
  const body = Buffer.concat([Buffer.from(json), raw]);
  const answer: Answer = (_request, response) => {
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "inference-header-content-length": json.length,
      "content-length": body.length,
    });
    response.end(body);
  };

  test("loses what policy wants masked, with headers and sizes that say how it is now", async () => {
    const got = await answers.ask({ dialect, answer, decide: MASK });
    assert.deepEqual([got.status, got.end], [200, "clean"]);
    assert.equal(got.headers["content-length"], String(got.body.length));
    const length = String(got.headers["inference-header-content-length"]);
    const headers = headersFrom([["inference-header-content-length", length]]);
    const { tensors } = describeResponse({ status: 200, headers, bytes: got.body });
    assert.deepEqual((tensors as { data: unknown }[])[0]?.data, ["to <EMAIL_ADDRESS>", "and no more"]);
  });

  test("does not come where policy denies it, and comes as it was where nothing is to be done", async () => {
    const denied = await answers.ask({ dialect, answer, decide: INSPECT, deny: "EMAIL_ADDRESS" });
    assert.equal(denied.status, 400);
    assert.ok(!denied.body.includes(MAIL));
    const same = await answers.ask({ dialect, answer, decide: INSPECT });
    assert.ok(same.body.equals(body));
  });
});
