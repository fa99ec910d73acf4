/**
 * What comes to the cluster of a target without having been let through by the filter at the listener: a route around that
 * filter, a forged or stolen decision id, another Regent. The target's key is the prize.
 */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  bytesOf,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  type Stage,
} from "../../support/pipeline.ts";
import { type Sent, send } from "../support/client.ts";
import { type Answer, startWitness, type Witness } from "../support/witness.ts";
import { type InProcess, startInProcess } from "./in-process.ts";

const policy = await compileAnswering();
const SECRET = "REGENT_TEST_TARGET_KEY";
const REGISTRY = `
version: 1
targets:
  - { name: us, region: us, provider: sim, format: openai-chat, key: "\${${SECRET}}" }
  - { name: eu, region: eu, provider: sim, format: openai-chat, key: "\${${SECRET}}" }
models:
  - name: small
    stage: active
    versions:
      - { name: small, weight: 1, targets: [us, eu] }
`;

describe("a request that comes to the cluster of a target", () => {
  const key = randomBytes(24).toString("hex");
  let stage: Stage;
  let witness: Witness;
  let gateway: InProcess;
  let answer: Answer;

  before(async () => {
    process.env[SECRET] = key;
    stage = createStage({ policy, registry: REGISTRY });
    delete process.env[SECRET];
    witness = await startWitness((...asked) => answer(...asked));
    const origin = `http://127.0.0.1:${witness.port}`;
    gateway = await startInProcess(stage, [
      { name: "us", origin },
      { name: "eu", origin },
    ]);
  });
  after(async () => {
    await gateway?.stop();
    await witness?.stop();
  });

  const ask = (more: Sent = {}): Sent => ({
    path: "/v1/chat/completions",
    body: bytesOf(chatBody()),
    ...more,
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${stage.keys.analyst}`,
      "x-decide-request": JSON.stringify({ allow: true, route: { targets: ["us"] } }),
      "x-decide-answer": '{"allow":true}',
      ...more.headers,
    },
  });
  const throughListener = (more?: Sent) => send(gateway.envoy.port("ingress"), ask(more));
  const around = (target: string, id: string | readonly string[] | undefined, more?: Sent) =>
    send(
      gateway.envoy.port("around"),
      ask({
        ...more,
        headers: { "x-regent-target": target, ...(id === undefined ? {} : { "x-regent-decision-id": id }) },
      }),
    );
  const answerWell: Answer = (_, response) =>
    void response.setHeader("content-type", "application/json").end(JSON.stringify(completion()));

  test("and was let through there gets the target's key", async () => {
    answer = answerWell;
    const { status } = await throughListener();
    assert.equal(status, 200);
    assert.equal(witness.seen.at(-1)?.headers.authorization, `Bearer ${key}`);
  });

  test("around the filter at the listener is refused, whatever id it brings, and nothing leaves", async () => {
    answer = answerWell;
    const ended = await throughListener();
    const endedId = String(ended.headers["x-regent-decision-id"]);
    const count = witness.seen.length;
    const records = stage.records.length;
    for (const id of [undefined, "", randomUUID(), endedId, "x".repeat(5_000), [endedId, endedId]]) {
      const { status, headers, body } = await around("us", id);
      assert.deepEqual([status, headers["x-regent-reason"]], [403, "not_governed"], String(id));
      assert.equal(JSON.parse(body).error.code, "not_governed");
      assert.ok(!body.includes(key));
    }
    assert.equal(witness.seen.length, count);
    assert.equal(stage.records.length, records, "what belongs to no exchange is none");
    assert.ok(stage.logged.some(({ facts }) => facts.code === "not_governed"));
  });

  test("with the id of a request whose answer has begun is refused: clients are told it no earlier", async () => {
    const { promise: asked, resolve: reached } = Promise.withResolvers<void>();
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write(": open\n\n");
      void done.then(() => response.end("data: [DONE]\n\n"));
    };
    const streaming = throughListener({
      body: bytesOf(chatBody({ stream: true })),
      onPiece: () => {
        reached();
        return false;
      },
    });
    await asked;
    const id = String(witness.seen.at(-1)?.headers["x-regent-decision-id"]);
    const count = witness.seen.length;
    const { status } = await around("us", id);
    finish();
    await streaming;
    assert.deepEqual([status, witness.seen.length], [403, count]);
  });

  test("for another target than policy permits is refused, and the exchange ends there", async () => {
    // The model server of one target knows the id while it answers, and asks for the other target by it.
    let second: Awaited<ReturnType<typeof around>> | undefined;
    answer = (request, response, body) => {
      const id = String(request.headers["x-regent-decision-id"]);
      void around("eu", id).then((received) => {
        second = received;
        answerWell(request, response, body);
      });
    };
    const count = witness.seen.length;
    const first = await throughListener();
    assert.deepEqual([second?.status, second?.headers["x-regent-reason"]], [503, "no_permitted_target"]);
    // What the first target answers passed by the refusal: it stops as well.
    assert.deepEqual([first.status, first.headers["x-regent-reason"]], [403, "not_governed"]);
    assert.equal(witness.seen.length, count + 1);
    assert.ok(stage.records.at(-1)?.reasons.some(({ code }) => code === "no_permitted_target"));
  });

  test("with another body than was judged is refused where the body is looked at", async () => {
    let second: Awaited<ReturnType<typeof around>> | undefined;
    answer = (request, response, body) => {
      const id = String(request.headers["x-regent-decision-id"]);
      const other = { body: bytesOf(chatBody({ messages: [{ role: "user", content: "Not judged" }] })) };
      void around("us", id, other).then((received) => {
        second = received;
        answerWell(request, response, body);
      });
    };
    const count = witness.seen.length;
    const { status } = await throughListener();
    assert.deepEqual(
      [status, second?.status, second?.headers["x-regent-reason"]],
      [200, 403, "not_governed"],
    );
    assert.equal(witness.seen.length, count + 1);
  });

  test("whose answer never comes ends its attempt in the record without a status", async () => {
    answer = (_, response) => void response.destroy();
    const { status } = await throughListener();
    assert.equal(status, 503);
    assert.deepEqual(
      stage.records.at(-1)?.attempts?.map(({ target, status: answered }) => [target, answered]),
      [["us", undefined]],
    );
  });
});
