/**
 * Bedrock's official client, unmodified, through a real Envoy with Regent beside it. What it is told, what it raises, and
 * what the record says of it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  AccessDeniedException,
  BedrockRuntimeClient,
  BedrockRuntimeServiceException,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  type ConverseStreamOutput,
  InternalServerException,
  ModelStreamErrorException,
  ServiceUnavailableException,
  ThrottlingException,
  ValidationException,
} from "@aws-sdk/client-bedrock-runtime";
import { ERRORS } from "../../../src/exchange/errors.ts";
import { refuseInStream } from "../../../src/formats/bedrock-converse/refuse.ts";
import { usageReading } from "../../../src/formats/reading.ts";
import { REPLAY_HEADER } from "../../../tools/sample-model/replay.ts";
import { FIXTURES_FOLDER, fixturesMissing, loadFixtures } from "../../contract/fixtures.ts";
import { KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

describe("Bedrock's client", () => {
  let stack: Governed;
  const clients: BedrockRuntimeClient[] = [];
  before(async () => {
    stack = await startGoverned({ recordings: FIXTURES_FOLDER });
  });
  after(async () => {
    for (const client of clients) client.destroy();
    await stack?.stop();
  });

  /** A key of Regent's in the place of a Bedrock API key. */
  const client = (
    token: string = KEYS.acmeAnalyst,
    maxAttempts = 1,
    headers: { [name: string]: string } = {},
  ) => {
    const made = new BedrockRuntimeClient({
      endpoint: `http://127.0.0.1:${stack.port}`,
      region: "us-east-1",
      token: { token },
      authSchemePreference: ["httpBearerAuth"],
      maxAttempts,
    });
    made.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, headers);
        return next(args);
      },
      { step: "build", name: "extraHeaders" },
    );
    clients.push(made);
    return made;
  };
  const ask = (text: string, more: Partial<ConverseCommandInput> = {}): ConverseCommandInput => ({
    modelId: "sim-small",
    messages: [{ role: "user", content: [{ text }] }],
    inferenceConfig: { maxTokens: 100 },
    ...more,
  });
  const decisionOf = (metadata: { requestId?: string | undefined }) => metadata.requestId;
  const raised = async (work: Promise<unknown>): Promise<BedrockRuntimeServiceException> => {
    const error: unknown = await work.then(
      () => assert.fail("nothing was raised"),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof BedrockRuntimeServiceException, String(error));
    return error;
  };
  const allOf = async (stream: AsyncIterable<ConverseStreamOutput> | undefined) => {
    assert.ok(stream !== undefined);
    const events: ConverseStreamOutput[] = [];
    for await (const event of stream) events.push(event);
    return events;
  };
  /** The decision of the only request that reached a model since `count` had. */
  const lastDecision = (count: number) => {
    const seen = stack.witnessed();
    assert.equal(seen.length, count + 1);
    return seen.at(-1)?.decisionId;
  };

  test("gets an answer, and its record says what it used", async () => {
    const before = stack.witnessed().length;
    const answer = await client().send(
      new ConverseCommand(ask("Hello there.", { system: [{ text: "Be brief." }] })),
    );
    assert.equal(answer.stopReason, "end_turn");
    assert.match(answer.output?.message?.content?.[0]?.text ?? "", /You said: Hello there\.$/);
    const record = await recordOf(stack, lastDecision(before));
    assert.deepEqual(record.inference, {
      format: "bedrock-converse",
      operation: "chat",
      model: "sim-small",
      stream: false,
    });
    const { inputTokens: input, outputTokens: output, totalTokens: total } = answer.usage ?? {};
    assert.deepEqual(record.usage, { input, output, total, cachedInput: 0, cacheCreationInput: 0 });
    assert.deepEqual([record.charge?.tokens, record.charge?.source], [total, "reported"]);
    assert.deepEqual(record.finishReasons, ["end_turn"]);
  });

  test("finds its key and its gateway in the environment, as people set them", async (context) => {
    const set = {
      AWS_BEARER_TOKEN_BEDROCK: KEYS.acmeAnalyst,
      AWS_ENDPOINT_URL_BEDROCK_RUNTIME: `http://127.0.0.1:${stack.port}`,
    };
    const usual = Object.keys(set).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, set);
    context.after(() => {
      for (const [name, value] of usual) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    });
    const made = new BedrockRuntimeClient({ region: "us-east-1" });
    clients.push(made);
    assert.equal((await made.send(new ConverseCommand(ask("Hello there.")))).stopReason, "end_turn");
  });

  test("gets a stream event by event, and its record says what it used, cached tokens included", async () => {
    const before = stack.witnessed().length;
    const { stream } = await client().send(
      new ConverseStreamCommand(ask(`[[say:20]] ${"long ".repeat(200)}`)),
    );
    const events = await allOf(stream);
    assert.equal(events.filter(({ contentBlockDelta }) => contentBlockDelta !== undefined).length, 20);
    const usage = events.at(-1)?.metadata?.usage;
    const {
      inputTokens: input = 0,
      outputTokens: output = 0,
      cacheReadInputTokens: cached = 0,
    } = usage ?? {};
    assert.ok(cached > 0);
    const record = await recordOf(stack, lastDecision(before));
    assert.equal(record.charge?.tokens, input + cached + output);
    assert.deepEqual([record.inference?.stream, record.finishReasons], [true, ["end_turn"]]);
  });

  test("masks personal data wherever it stands in a conversation", async () => {
    const before = stack.witnessed().length;
    await client().send(
      new ConverseCommand(
        ask("Hi", {
          system: [{ text: "You talk to jane.doe@example.com." }],
          messages: [
            { role: "user", content: [{ text: "Look it up." }] },
            { role: "assistant", content: [{ toolUse: { toolUseId: "t", name: "look", input: {} } }] },
            {
              role: "user",
              content: [
                { toolResult: { toolUseId: "t", content: [{ json: { found: "john.roe@example.com" } }] } },
              ],
            },
          ],
        }),
      ),
    );
    const id = lastDecision(before);
    assert.ok(!stack.witnessed().at(-1)?.body.includes("@example.com"));
    assert.equal((await recordOf(stack, id)).redactions[0]?.count, 2);
  });

  const REFUSALS: readonly (readonly [
    title: string,
    raise: () => Promise<unknown>,
    type: new (...args: never[]) => BedrockRuntimeServiceException,
    code: string,
  ])[] = [
    [
      "a model that it may not use",
      () => client().send(new ConverseCommand(ask("Hi", { modelId: "sim-frontier" }))),
      AccessDeniedException,
      "model_not_permitted",
    ],
    [
      "a model that it may not use, asked to stream",
      () => client().send(new ConverseStreamCommand(ask("Hi", { modelId: "sim-frontier" }))),
      AccessDeniedException,
      "model_not_permitted",
    ],
    [
      "a body that is no conversation",
      () => client().send(new ConverseCommand(ask("Hi", { inferenceConfig: { maxTokens: 0 } }))),
      ValidationException,
      "body_invalid",
    ],
    [
      "a key that nobody knows",
      () => client("nobody").send(new ConverseCommand(ask("Hi"))),
      AccessDeniedException,
      "credentials_invalid",
    ],
  ];
  for (const [title, raise, type, code] of REFUSALS) {
    test(`raises ${type.name} for ${title}, and nothing reaches a model`, async () => {
      const before = stack.witnessed().length;
      const error = await raised(raise());
      assert.ok(error instanceof type, `${error.name}: ${error.message}`);
      assert.equal((error as { reason?: string }).reason, code);
      assert.ok(error.message.length > 10 && error.message !== "UnknownError");
      assert.equal(stack.witnessed().length, before);
      const record = await recordOf(stack, decisionOf(error.$metadata));
      assert.deepEqual([record.verdict, record.charge], ["deny", undefined]);
    });
  }

  test("does not take a signature of AWS for a key", async () => {
    const signing = new BedrockRuntimeClient({
      endpoint: `http://127.0.0.1:${stack.port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: KEYS.acmeAnalyst },
      authSchemePreference: ["sigv4"],
      maxAttempts: 1,
    });
    clients.push(signing);
    const error = await raised(signing.send(new ConverseCommand(ask("Hi"))));
    assert.ok(error instanceof AccessDeniedException, error.name);
    assert.equal((error as { reason?: string }).reason, "credentials_ambiguous");
  });

  test("raises ThrottlingException once its budget is spent, and its retries are not charged", async () => {
    const spend = () =>
      client(KEYS.initechAnalyst, 2).send(
        new ConverseCommand(ask("[[say:200]]", { inferenceConfig: { maxTokens: 256 } })),
      );
    const error = await raised(
      (async () => {
        for (let i = 0; i < REQUESTS_MAX; i++) await spend();
      })(),
    );
    assert.ok(error instanceof ThrottlingException, error.name);
    assert.equal((error as { reason?: string }).reason, "budget_exceeded");
    await recordOf(stack, decisionOf(error.$metadata));
    const denied = (await stack.records()).filter(
      ({ identity, verdict }) => identity.tenant === "initech" && verdict === "deny",
    );
    assert.equal(denied.length, 2);
    for (const { charge } of denied) assert.equal(charge, undefined);
  });

  for (const [fault, type] of [
    ["500", InternalServerException],
    ["503", ServiceUnavailableException],
    ["429", ThrottlingException],
    ["400", ValidationException],
  ] as const) {
    test(`raises what the upstream answers: ${type.name}`, async () => {
      const error = await raised(client().send(new ConverseCommand(ask(`[[fault:${fault}]]`))));
      assert.ok(error instanceof type, error.name);
    });
  }

  test("tries again what failed upstream, and is charged for neither", async () => {
    const before = stack.witnessed().length;
    await raised(client(KEYS.acmeAnalyst, 2).send(new ConverseCommand(ask("[[fault:500]]"))));
    const failed = stack.witnessed().slice(before);
    assert.equal(failed.length, 2);
    for (const { decisionId } of failed) assert.equal((await recordOf(stack, decisionId)).charge, undefined);
  });

  for (const [fault, code] of [
    ["end-mid-stream", "upstream_incomplete"],
    ["error-event", "modelStreamErrorException"],
  ] as const) {
    test(`raises ModelStreamErrorException in a stream that does not end well: ${fault}`, async () => {
      const before = stack.witnessed().length;
      const { stream } = await client().send(new ConverseStreamCommand(ask(`[[fault:${fault}]] [[say:20]]`)));
      const error = await raised(allOf(stream));
      assert.ok(error instanceof ModelStreamErrorException, error.name);
      const record = await recordOf(stack, lastDecision(before));
      assert.equal(record.upstreamError, code);
      assert.equal(record.charge?.source, "estimated");
      assert.ok(record.charge.tokens > 0);
    });
  }

  const skip = fixturesMissing("bedrock-converse") ?? false;
  const answers = loadFixtures("bedrock-converse").filter(({ kind }) => kind !== "request");

  test("passes every recorded answer on byte by byte, and records the usage in it", { skip }, async () => {
    for (const { name, file, kind, body, expected } of answers) {
      const path = kind === "stream" ? "converse-stream" : "converse";
      const response = await fetch(`http://127.0.0.1:${stack.port}/model/sim-small/${path}`, {
        method: "POST",
        headers: {
          authorization: `Bearer ${KEYS.acmeAnalyst}`,
          "content-type": "application/json",
          [REPLAY_HEADER]: file,
        },
        body: JSON.stringify({ messages: [{ role: "user", content: [{ text: "Hi" }] }] }),
      });
      const received = Buffer.from(await response.arrayBuffer());
      const record = await recordOf(stack, response.headers.get("x-regent-decision-id") ?? undefined);
      const ends = expected.truncated !== true && expected.invalid === undefined;
      if (kind === "response" || ends) {
        assert.deepEqual(usageReading(record.usage), expected.usage, name);
        assert.deepEqual(record.finishReasons, expected.finish_reasons, name);
        assert.ok(received.equals(body), name);
      } else {
        assert.ok(received.subarray(-UPSTREAM_INCOMPLETE.length).equals(UPSTREAM_INCOMPLETE), name);
        const passed = received.subarray(0, -UPSTREAM_INCOMPLETE.length);
        assert.ok(body.subarray(0, passed.length).equals(passed), name);
      }
    }
    assert.ok(answers.length > 0);
  });

  test("puts every whole recorded stream together as if nobody stood in between", { skip }, async () => {
    const whole = answers.filter(
      ({ kind, expected }) =>
        kind === "stream" &&
        expected.truncated === false &&
        expected.error === null &&
        expected.invalid === undefined,
    );
    for (const { name, file, expected } of whole) {
      const { stream } = await client(KEYS.acmeAnalyst, 1, { [REPLAY_HEADER]: file }).send(
        new ConverseStreamCommand(ask("Hi")),
      );
      const texts = (await allOf(stream)).flatMap(
        ({ contentBlockDelta }) => contentBlockDelta?.delta?.text ?? [],
      );
      assert.equal(texts.length === 0 ? null : texts.join(""), expected.text, name);
    }
    assert.ok(whole.length > 5);
  });

  test("raises the exceptions of recorded streams, and of those that break their format", {
    skip,
  }, async () => {
    for (const [name, type] of [
      ["ollm-bedrock-titan-converse-stream--throttled", ThrottlingException],
      ["ollm-bedrock-titan-converse-stream--cut", ModelStreamErrorException],
      ["pyd-bedrock-model-stream-empty-text-delta--badcrc", ModelStreamErrorException],
      ["agw-bedrock-broken", ModelStreamErrorException],
    ] as const) {
      const headers = { [REPLAY_HEADER]: `bedrock-converse/${name}.bin` };
      const error = await raised(
        client(KEYS.acmeAnalyst, 1, headers)
          .send(new ConverseStreamCommand(ask("Hi")))
          .then(({ stream }) => allOf(stream)),
      );
      assert.ok(error instanceof type, `${name}: ${error.name}`);
    }
  });

  test("calls a tool that a recorded answer asks for", { skip }, async () => {
    const headers = { [REPLAY_HEADER]: "bedrock-converse/vercel-amazon-bedrock-json-other-tool-1.json" };
    const { output, stopReason } = await client(KEYS.acmeAnalyst, 1, headers).send(
      new ConverseCommand(
        ask("How is the weather?", {
          toolConfig: {
            tools: [{ toolSpec: { name: "get-weather", inputSchema: { json: { type: "object" } } } }],
          },
        }),
      ),
    );
    assert.equal(stopReason, "tool_use");
    const call = output?.message?.content?.[0]?.toolUse;
    assert.deepEqual([call?.name, call?.input], ["get-weather", { location: "San Francisco" }]);
  });

  test("aborts a stream, and is charged what was delivered", async () => {
    const before = stack.witnessed().length;
    const abort = new AbortController();
    const { stream } = await client().send(
      new ConverseStreamCommand(ask("[[say:200]] [[pace:50]]", { inferenceConfig: { maxTokens: 256 } })),
      { abortSignal: abort.signal },
    );
    for await (const { contentBlockDelta } of stream ?? []) if (contentBlockDelta !== undefined) break;
    abort.abort();
    const record = await recordOf(stack, lastDecision(before));
    assert.equal(record.end, "aborted");
    assert.equal(record.charge?.source, "estimated");
    assert.ok(record.charge.tokens < 200, `${record.charge.tokens}`);
  });
});

/** What follows the last whole message of a stream that the upstream did not end. */
const UPSTREAM_INCOMPLETE = refuseInStream({
  status: ERRORS.upstream_incomplete.status,
  code: "upstream_incomplete",
  message: ERRORS.upstream_incomplete.message,
});

/** More than the smallest budget of the demo takes. */
const REQUESTS_MAX = 200;
