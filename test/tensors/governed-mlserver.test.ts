/** A client of TensorFlow Serving and a real server of KServe v2, through a real Envoy. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { post } from "../envoy/governed/ask.ts";
import { recordOf } from "../envoy/governed/records.ts";
import { type GovernedMlServer, startGovernedMlServer } from "./governed-mlserver.ts";
import { mlserverMissing } from "./mlserver.ts";

describe("a predict request whose target speaks KServe v2", { skip: mlserverMissing ?? false }, () => {
  let stack: GovernedMlServer;
  before(async () => {
    stack = await startGovernedMlServer();
  });
  after(() => stack?.stop());

  const predict = (model: string, body: object | string, place = "") =>
    post(stack.port, typeof body === "string" ? body : JSON.stringify(body), {
      path: `/v1/models/${model}${place}:predict`,
    });

  test("gets what the model itself predicts, in the layout of the request", async () => {
    const { rows, predictions } = stack.server.own.iris;
    const expected = predictions.map((label) => [label]);
    const row = await predict("flowers", { instances: rows });
    assert.equal(row.status, 200, row.body);
    assert.deepEqual(JSON.parse(row.body), { predictions: expected });
    const columnar = await predict("flowers", { inputs: { x: rows } });
    assert.equal(columnar.status, 200, columnar.body);
    assert.deepEqual(JSON.parse(columnar.body), { outputs: expected });
  });

  test("gets every digit, and the record says what was made up on the way", async () => {
    const { rows, predictions } = stack.server.own.diabetes;
    const answer = await predict("progress", { instances: rows });
    assert.equal(answer.status, 200, answer.body);
    assert.deepEqual(JSON.parse(answer.body), { predictions: predictions.map((value) => [value]) });
    const { translation, inference } = await recordOf(stack, String(answer.headers["x-regent-decision-id"]));
    assert.deepEqual([translation?.from, translation?.to], ["tfserving", "kserve-v2"]);
    assert.ok(translation?.warnings.includes("invented:/instances"), String(translation?.warnings));
    assert.equal(inference?.format, "tfserving");
  });

  test("gets the server's error in its own words", async () => {
    const { status, body } = await predict("flowers", { instances: [[1, 2]] });
    assert.equal(status, 500);
    assert.equal(typeof (JSON.parse(body) as { error: unknown }).error, "string");
  });

  test("is refused before it leaves where it is no tensor", async () => {
    const { status, body } = await predict("flowers", { instances: [[1, 2, 3, 4], [5]] });
    assert.equal(status, 400);
    assert.match((JSON.parse(body) as { error: string }).error, /ragged/);
  });
});
