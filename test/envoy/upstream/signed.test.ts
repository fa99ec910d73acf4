/** Requests to AWS through a real Envoy: the signature is right for what arrives, and the client's own is gone. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { bytesOf, chatBody, compileAnswering, createStage, type Stage } from "../../support/pipeline.ts";
import { checkSignature } from "../../support/sigv4.ts";
import { send } from "../support/client.ts";
import { startWitness, type Witness } from "../support/witness.ts";
import { type InProcess, startInProcess } from "./in-process.ts";

const policy = await compileAnswering();
const REGISTRY = `
version: 1
targets:
  - name: bedrock
    region: eu
    provider: aws
    format: bedrock-converse
    aws:
      region: eu-central-1
      accessKeyId: "\${REGENT_TEST_AWS_ID}"
      secretAccessKey: "\${REGENT_TEST_AWS_SECRET}"
      sessionToken: "\${REGENT_TEST_AWS_TOKEN}"
models:
  - name: small
    stage: active
    versions: [{ name: "vendor.small-v1:0", weight: 1, targets: [bedrock] }]
`;
const ANSWER = {
  output: { message: { role: "assistant", content: [{ text: "Hi." }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 12, outputTokens: 5, totalTokens: 17 },
  metrics: { latencyMs: 1 },
};

describe("a target of AWS", () => {
  const secrets = {
    REGENT_TEST_AWS_ID: randomBytes(10).toString("hex"),
    REGENT_TEST_AWS_SECRET: randomBytes(20).toString("base64"),
    REGENT_TEST_AWS_TOKEN: randomBytes(30).toString("base64"),
  };
  let stage: Stage;
  let gateway: InProcess;
  let witness: Witness;
  before(async () => {
    Object.assign(process.env, secrets);
    stage = createStage({ policy, registry: REGISTRY });
    for (const name of Object.keys(secrets)) delete process.env[name];
    witness = await startWitness(
      (_, response) =>
        void response.setHeader("content-type", "application/json").end(JSON.stringify(ANSWER)),
    );
    gateway = await startInProcess(stage, [{ name: "bedrock", origin: `http://127.0.0.1:${witness.port}` }]);
  });
  after(async () => {
    await gateway?.stop();
    await witness?.stop();
  });

  const converse = { messages: [{ role: "user", content: [{ text: "Hello there" }] }] };
  for (const [how, path, body] of [
    ["in its own dialect", "/model/small/converse", converse],
    ["in OpenAI's", "/v1/chat/completions", chatBody()],
  ] as const)
    test(`gets a request ${how} with a signature over what it gets`, async () => {
      const { status, body: answered } = await send(gateway.envoy.port("ingress"), {
        path,
        headers: {
          "content-type": "application/json",
          authorization: `Bearer ${stage.keys.analyst}`,
          "x-amz-security-token": "a client's own",
          "x-decide-request": '{"allow":true}',
          "x-decide-answer": '{"allow":true}',
        },
        body: bytesOf(body),
      });
      assert.equal(status, 200, answered);
      const seen = witness.seen.at(-1);
      assert.ok(seen?.body);
      assert.equal(seen.path, "/model/vendor.small-v1%3A0/converse");
      const headers = new Map(Object.entries(seen.headers).map(([name, value]) => [name, String(value)]));
      assert.equal(headers.get("x-amz-security-token"), secrets.REGENT_TEST_AWS_TOKEN);
      const { id, scope, signature, expected } = checkSignature(
        { method: seen.method, host: headers.get("host") ?? "", path: seen.path, body: seen.body },
        headers,
        secrets.REGENT_TEST_AWS_SECRET,
      );
      assert.equal(id, secrets.REGENT_TEST_AWS_ID);
      assert.match(scope, /\/eu-central-1\/bedrock\/aws4_request$/);
      assert.equal(signature, expected);
      const record = stage.records.at(-1);
      assert.equal(record?.charge?.tokens, 17);
      for (const secret of Object.values(secrets)) assert.ok(!JSON.stringify(record).includes(secret));
    });
});
