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

  describe("to a model that finds its input by name", () => {
    const ask = (model: string) => predict(model, { instances: stack.server.own.progress_by_bmi.rows });

    test("gets every digit of what the model predicts where name and datatype are declared", async () => {
      const { predictions } = stack.server.own.progress_by_bmi;
      const answer = await ask("declared");
      assert.equal(answer.status, 200, answer.body);
      assert.deepEqual(JSON.parse(answer.body), { predictions: predictions.map((value) => [value]) });
      const { translation } = await recordOf(stack, String(answer.headers["x-regent-decision-id"]));
      assert.deepEqual(
        translation?.warnings.filter((warning) => warning.startsWith("invented")),
        [],
      );
    });

    test("gets the server's error where they are made up", async () => {
      const answer = await ask("guessed");
      assert.equal(answer.status, 500, answer.body);
      const { translation } = await recordOf(stack, String(answer.headers["x-regent-decision-id"]));
      assert.ok(translation?.warnings.includes("invented:/instances"), String(translation?.warnings));
    });

    for (const [body, said] of [
      [{ instances: [{ age: 0.5 }] }, /age: the model has no such input/],
      [{ inputs: { bmi: ["much"] } }, /bmi: text given for FP64/],
      [{ instances: [[0.5]] }, /bmi: shape \[1,1\] does not fit \[-1\]/],
    ] as const) {
      test(`is refused before it leaves where it contradicts what is declared: ${said.source}`, async () => {
        const { status, body: answer, headers } = await predict("declared", body);
        assert.equal(status, 400, answer);
        assert.match((JSON.parse(answer) as { error: string }).error, said);
        const { attempts } = await recordOf(stack, String(headers["x-regent-decision-id"]));
        assert.equal(attempts, undefined);
      });
    }
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
