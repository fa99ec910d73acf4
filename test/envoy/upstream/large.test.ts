/**
 * Bodies that grow when they are translated, through the limits of the generated configuration.
 *
 * What ends Envoy 1.40 with a segmentation fault, as found with a debugger and its debug log: a stream's buffers have a
 * limit, and when an ext_proc filter on a cluster puts a larger body in the place of one, or has more to send to its
 * processor than its gRPC stream may hold back, the filter manager holds back the target. At a cluster that reaches the
 * codec's stream directly (`UpstreamCodecFilter`), which is gone where the target has answered in full. The limit is
 * not that of the listener's connections: the buffer filter sets its own `max_request_bytes` for all of the stream. So
 * there is a second buffer filter that makes room again, and Regent's cluster has a stream window for whole bodies.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { REPLACED_BYTES_MAX, TRANSLATION_GROWTH_MAX } from "../../../src/pipeline/attempt/translate.ts";
import {
  bytesOf,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  type Stage,
} from "../../support/pipeline.ts";
import { scriptedTranslators } from "../../support/translator.ts";
import { recordOf } from "../governed/records.ts";
import { send } from "../support/client.ts";
import { startWitness, type Witness } from "../support/witness.ts";
import { type InProcess, startInProcess } from "./in-process.ts";

const policy = await compileAnswering();
/** Policy is not what this is about, and a large body would cost it time. */
const READS = { request: { headers: true } } as const;
const MEBIBYTE = 1024 ** 2;
const BODY_BYTES_MAX = 4 * MEBIBYTE;
/** At once, as in the measurement that first saw a crash. */
const CONNECTIONS = 4;
const REGISTRY = `
version: 1
targets: [{ name: there, region: us, provider: sim, format: anthropic-messages }]
models: [{ name: small, stage: active, versions: [{ name: small, weight: 1, targets: [there] }] }]
`;

describe("bodies that are translated", () => {
  /** How much larger a request, and an answer, gets. */
  let growth = { request: 1, response: 1 };
  /** Bytes of text in an answer. */
  let answerBytes = 10;
  let stage: Stage;
  let gateway: InProcess;
  let witness: Witness;
  /** JSON may end in any amount of space. */
  const grown = (bytes: Buffer, by: number) =>
    Buffer.concat([bytes, Buffer.alloc(Math.max(0, Math.floor(bytes.length * by) - bytes.length), " ")]);

  before(async () => {
    stage = createStage({
      policy,
      reads: READS,
      registry: REGISTRY,
      maxBodyBytes: BODY_BYTES_MAX,
      translatorOf: scriptedTranslators({
        request: (bytes) => grown(bytes, growth.request),
        response: (bytes) => grown(bytes, growth.response),
      }),
    });
    witness = await startWitness((_, response) => {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(completion({ padding: "y".repeat(answerBytes) })));
    });
    gateway = await startInProcess(stage, [{ name: "there", origin: `http://127.0.0.1:${witness.port}` }]);
  });
  after(async () => {
    await gateway?.stop();
    await witness?.stop();
  });

  const post = (bytes: number) =>
    send(gateway.envoy.port("ingress"), {
      path: "/v1/chat/completions",
      headers: {
        authorization: `Bearer ${stage.keys.analyst}`,
        "content-type": "application/json",
        "x-decide-request": '{"allow":true}',
        "x-decide-answer": '{"allow":true}',
      },
      body: bodyOf(bytes),
    });
  function bodyOf(bytes: number): Buffer {
    const empty = bytesOf(chatBody({ messages: [{ role: "user", content: "" }] }));
    const content = "x".repeat(bytes - empty.length);
    return bytesOf(chatBody({ messages: [{ role: "user", content }] }));
  }
  async function allPass(bytes: number, least: number): Promise<void> {
    const answers = await Promise.all(Array.from({ length: CONNECTIONS }, () => post(bytes)));
    for (const { status, body } of answers) {
      assert.equal(status, 200, `${bytes} bytes: ${body.slice(0, 200)}`);
      assert.ok(body.length >= least, `${body.length}`);
    }
    assert.equal(gateway.envoy.ended, false);
  }

  test("pass whole from 0.1 to 4 MiB and nearly four times that, four at a time, and Envoy lives on", async () => {
    answerBytes = 10;
    for (const mebibytes of [0.1, 0.4, 0.8, 1, 2, 4])
      for (const by of [1, TRANSLATION_GROWTH_MAX - 0.01]) {
        growth = { request: by, response: 1 };
        const bytes = Math.floor(mebibytes * MEBIBYTE);
        const count = witness.seen.length;
        await allPass(bytes, 0);
        const lengths = witness.seen.slice(count).map(({ body }) => body?.length);
        assert.deepEqual(new Set(lengths), new Set([Math.floor(bytes * by)]));
      }
    process.kill(gateway.envoy.pid, 0);
  });

  test("pass whole as answers that grow beyond the largest request, and Envoy lives on", async () => {
    for (const mebibytes of [0.4, 1, 2, 4, 6])
      for (const by of [1, 2]) {
        growth = { request: 1, response: by };
        answerBytes = Math.floor(mebibytes * MEBIBYTE);
        await allPass(1_000, answerBytes * by);
      }
    process.kill(gateway.envoy.pid, 0);
  });

  test("pass whole as one answer of 20 MiB, more than a stream to Regent held back by itself", async () => {
    growth = { request: 1, response: 1 };
    answerBytes = 20 * MEBIBYTE;
    const { status, body } = await post(1_000);
    assert.equal(status, 200, body.slice(0, 200));
    assert.ok(body.length > answerBytes);
    process.kill(gateway.envoy.pid, 0);
    assert.equal(gateway.envoy.ended, false);
  });

  test("are refused before Envoy gets them where they are larger than its buffers", async () => {
    growth = { request: TRANSLATION_GROWTH_MAX + 0.1, response: 1 };
    const count = witness.seen.length;
    const refused = await post(BODY_BYTES_MAX);
    assert.deepEqual([refused.status, refused.headers["x-regent-reason"]], [413, "body_too_large"]);
    assert.equal(witness.seen.length, count);
    const id = refused.headers["x-regent-decision-id"];
    const record = await recordOf({ records: async () => [...stage.records] }, String(id));
    assert.equal(record.charge, undefined);

    answerBytes = MEBIBYTE;
    growth = { request: 1, response: REPLACED_BYTES_MAX / MEBIBYTE + 1 };
    const answered = await post(1_000);
    assert.deepEqual([answered.status, answered.headers["x-regent-reason"]], [502, "upstream_invalid"]);
    process.kill(gateway.envoy.pid, 0);
    assert.equal(gateway.envoy.ended, false);
  });
});
