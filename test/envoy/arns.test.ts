/**
 * Models of AWS that an ARN names, whose slash is escaped in the path: what Envoy lets through, what Regent reads, what
 * leaves, and that no other path with an escaped slash does.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";
import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { bytesOf, chatBody } from "../support/pipeline.ts";
import { checkSignature } from "../support/sigv4.ts";
import { eventually } from "./governed/records.ts";
import { type OwnAnswers, startOwnAnswers } from "./own-answers/stack.ts";
import { type Received, send } from "./support/client.ts";
import { startWitness, type Witness } from "./support/witness.ts";

const ARN =
  "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0";
const escaped = encodeURIComponent(ARN);
const secrets = {
  REGENT_TEST_ARN_ID: randomBytes(10).toString("hex"),
  REGENT_TEST_ARN_SECRET: randomBytes(20).toString("base64"),
};
const REGISTRY = `
version: 1
targets:
  - { name: bedrock, region: us, provider: aws, format: bedrock-converse }
  - name: signed
    region: us
    provider: aws
    format: bedrock-converse
    aws:
      region: us-east-1
      accessKeyId: "\${REGENT_TEST_ARN_ID}"
      secretAccessKey: "\${REGENT_TEST_ARN_SECRET}"
models:
  - { name: "${ARN}", stage: active, versions: [{ name: "${ARN}", weight: 1, targets: [bedrock] }] }
  - { name: claude, stage: active, versions: [{ name: "${ARN}", weight: 1, targets: [signed] }] }
  - name: arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT12345
    stage: active
    versions: [{ name: "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT12345", weight: 1, targets: [signed] }]
`;
const ANSWER = {
  output: { message: { role: "assistant", content: [{ text: "Hi." }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 12, outputTokens: 5, totalTokens: 17 },
  metrics: { latencyMs: 1 },
};
const ALLOWED = { "x-decide-request": '{"allow":true}', "x-decide-answer": '{"allow":true}' };
const CONVERSE = { messages: [{ role: "user" as const, content: [{ text: "Hello there" }] }] };

/** Paths with a slash that some server sees and another does not. */
const HIDDEN = [
  "/model%2Fx/converse",
  "/model%2fx%2Fconverse",
  "/model/x%2Fconverse",
  "/model/x%2Fy/converse",
  "/model/meta-llama%2FLlama-3.1-8B/converse",
  "/v1/chat%2Fcompletions",
  "/v1%2f..%2fchat/completions",
  "/v1%2F..%2F..%2Fchat%2Fcompletions",
  "/x%2Fy",
  "/x%5cy",
  "/model/x%5Cy/converse",
  "/%2fv1/messages",
  `/model%2F${escaped}/converse`,
  `/model/${escaped}%2Fconverse`,
  `/model/${escaped}%2F/converse`,
  `/model/${escaped}%2f..%2F..%2fv1%2Fmessages/converse`,
  `/model/${escaped}/../${escaped}%2F..%2Fx/converse`,
  `/model/${escaped.replace("%2F", "%2F..%2F")}/converse`,
  `/model/${escaped.replace("%2F", "%2F%2e%2e%2F")}/converse`,
  `/model/${escaped.replace("%2F", "%5C")}/converse`,
  `/model/${escaped.replace("%2F", "%2F%5c")}/converse`,
  `/model/${escaped}%2Fa%2Fb/converse`,
  `/MODEL/${escaped}/converse`,
  `/model/${escaped}/CONVERSE`,
  `/model/${escaped}/converse/`,
  `/model/${escaped.toUpperCase()}/converse`,
  `/v2/models/${escaped}/infer`,
  `/v1beta/models/${escaped}:generateContent`,
  `/v1/models/${escaped}:predict`,
  "/v1/models/Org%2FModel:predict",
];
/** The same to who undoes more than one escape. Envoy sees no slash in them; Regent does. */
const HIDDEN_DEEPER = [
  "/model%252Fx/converse",
  "/v1/chat%252Fcompletions",
  "/v1%252f..%252fchat/completions",
  "/x%252Fy",
  "/x%25252fy",
  "/x%255cy",
  `/model/${escaped.replaceAll("%", "%25")}/converse`,
  `/model/${escaped.replace("%2F", "%252F")}/converse`,
  `/model/${escaped.replace("%2F", "%c0%af")}/converse`,
  `/model/${escaped.replace("%2F", "%EF%BC%8F")}/converse`,
];

describe("a model that an ARN names", () => {
  let stack: OwnAnswers;
  let witness: Witness;
  const clients: BedrockRuntimeClient[] = [];
  before(async () => {
    Object.assign(process.env, secrets);
    witness = await startWitness(
      (_, response) =>
        void response.setHeader("content-type", "application/json").end(JSON.stringify(ANSWER)),
    );
    const origin = `http://127.0.0.1:${witness.port}`;
    stack = await startOwnAnswers({
      registry: REGISTRY,
      targets: ["bedrock", "signed"].map((name) => ({ name, origin })),
    });
    for (const name of Object.keys(secrets)) delete process.env[name];
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await stack?.stop();
    await witness?.stop();
  });

  const client = () => {
    const made = new BedrockRuntimeClient({
      endpoint: stack.origin,
      region: "us-east-1",
      token: { token: stack.stage.keys.analyst },
      authSchemePreference: ["httpBearerAuth"],
      maxAttempts: 1,
    });
    made.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, ALLOWED);
        return next(args);
      },
      { step: "build", name: "extraHeaders" },
    );
    clients.push(made);
    return made;
  };
  const headers = () => ({
    "content-type": "application/json",
    authorization: `Bearer ${stack.stage.keys.analyst}`,
    ...ALLOWED,
  });
  const recordOf = (id: string | undefined) =>
    eventually("the record", async () => stack.stage.records.find((record) => record.id === id));

  test("is asked for by the official client, and everybody reads the same of it", async () => {
    const { output, $metadata, usage } = await client().send(
      new ConverseCommand({ modelId: ARN, ...CONVERSE }),
    );
    assert.equal(output?.message?.content?.[0]?.text, "Hi.");
    assert.equal(usage?.totalTokens, 17);
    assert.equal(witness.seen.at(-1)?.path, `/model/${escaped}/converse`);
    const asked = JSON.parse(stack.stage.asked.at(-2)?.text ?? "") as {
      request: { parsed_path: string[]; path: string };
      inference: { model: string; format: string };
    };
    assert.deepEqual(asked.request.parsed_path, ["model", ARN, "converse"]);
    assert.deepEqual([asked.inference.format, asked.inference.model], ["bedrock-converse", ARN]);
    const record = await recordOf(String(witness.seen.at(-1)?.headers["x-regent-decision-id"]));
    assert.equal(record.charge?.tokens, 17);
    assert.equal($metadata.httpStatusCode, 200);
  });

  test("is asked for a stream by the official client", async () => {
    const before = witness.seen.length;
    // What answers is no stream: what counts here is what left.
    await client()
      .send(new ConverseStreamCommand({ modelId: ARN, ...CONVERSE }))
      .catch(() => {});
    assert.deepEqual(
      witness.seen.slice(before).map(({ path }) => path),
      [`/model/${escaped}/converse-stream`],
    );
  });

  for (const [how, path, body, model] of [
    ["by a name of its own", "/model/claude/converse", CONVERSE, ARN],
    ["by OpenAI's chat", "/v1/chat/completions", { ...chatBody(), model: "claude" }, ARN],
    [
      "by its ARN as few clients spell it",
      "/model/arn:aws:bedrock%3aus-east-1:123456789012%3aprompt%2fPROMPT12345/converse",
      CONVERSE,
      "arn:aws:bedrock:us-east-1:123456789012:prompt/PROMPT12345",
    ],
  ] as const)
    test(`is signed for what leaves, when it is asked for ${how}`, async () => {
      const { status, body: answered } = await send(stack.port, {
        path,
        headers: headers(),
        body: bytesOf(body),
      });
      assert.equal(status, 200, answered);
      const seen = witness.seen.at(-1);
      assert.ok(seen?.body);
      assert.equal(decodeURIComponent(seen.path), `/model/${model}/converse`);
      assert.equal(seen.path.split("/").length, 4, "one segment");
      const sent = new Map(Object.entries(seen.headers).map(([name, value]) => [name, String(value)]));
      const { signature, expected } = checkSignature(
        { method: seen.method, host: sent.get("host") ?? "", path: seen.path, body: seen.body },
        sent,
        secrets.REGENT_TEST_ARN_SECRET,
      );
      assert.equal(signature, expected);
    });

  for (const path of [...HIDDEN, ...HIDDEN_DEEPER])
    test(`is not asked for by ${path}, which goes nowhere`, () => assertRefused(stack, witness, path));

  test("is refused as ambiguous in Bedrock's words, where its name is no ARN", async () => {
    const refused = client().send(new ConverseCommand({ modelId: "meta-llama/Llama-3.1-8B", ...CONVERSE }));
    await assert.rejects(refused, (error: Error & { reason?: string }) => {
      assert.deepEqual([error.name, error.reason], ["ValidationException", "path_ambiguous"]);
      assert.match(error.message, /ARN/);
      return true;
    });
  });
});

describe("paths with hidden slashes", () => {
  test("are refused by Regent alone, where Envoy lets them come to it", async () => {
    const stack = await startOwnAnswers({
      manager: (manager) => {
        const filters = manager.http_filters as { name: string }[];
        manager.http_filters = filters.filter(({ name }) => name !== "regent.plain_paths");
        assert.equal((manager.http_filters as object[]).length, filters.length - 1);
      },
    });
    try {
      for (const path of [...HIDDEN, ...HIDDEN_DEEPER]) await assertRefused(stack, stack.silent, path);
    } finally {
      await stack.stop();
    }
  });

  for (const filters of ["both", "ext_authz", "ext_authz_body"] as const)
    test(`are refused by Envoy alone with ${filters}, before anybody is asked`, async () => {
      const stack = await startOwnAnswers({ filters, isRegentStopped: true });
      try {
        for (const path of HIDDEN) {
          const answer = await ask(stack, path);
          // ext_proc, which is not there, is shown what Envoy answers as well.
          const reason = filters === "both" ? ["path_ambiguous", "policy_unreachable"] : ["path_ambiguous"];
          assert.ok(reason.includes(String(answer.headers["x-regent-reason"])), `${path}: ${answer.body}`);
        }
        const arn = await ask(stack, `/model/${escaped}/converse`);
        assert.equal(arn.headers["x-regent-reason"], "policy_unreachable");
      } finally {
        await stack.stop();
      }
    });
});

function ask(stack: OwnAnswers, path: string): Promise<Received> {
  const authorization = `Bearer ${stack.stage.keys.analyst}`;
  return send(stack.port, {
    path,
    headers: { "content-type": "application/json", authorization, ...ALLOWED },
    body: JSON.stringify(CONVERSE),
  });
}

async function assertRefused(stack: OwnAnswers, witness: Witness, path: string): Promise<void> {
  const before = witness.seen.length;
  const { status, headers, body } = await ask(stack, path);
  assert.deepEqual([status, headers["x-regent-reason"]], [400, "path_ambiguous"], `${path}: ${body}`);
  assert.equal(witness.seen.length, before, `${path} went somewhere`);
}
