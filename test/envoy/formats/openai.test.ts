/**
 * OpenAI's official client, unmodified, through a real Envoy with Regent beside it: chat, completions, embeddings and
 * responses.
 * What it is told, what it raises, and what the record says of it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import OpenAI, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "openai";
import { FORBIDDEN_MODEL, KEYS } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

/** Requests take their time on two busy cores, but do not hang. */
const REQUEST_TIMEOUT_MS = 30_000;

/** An event or a document as the client hands it on. */
type Loose = { readonly [member: string]: unknown };

describe("OpenAI's client", () => {
  let stack: Governed;
  before(async () => {
    stack = await startGoverned();
  });
  after(() => stack?.stop());

  const client = (apiKey: string = KEYS.acmeAnalyst) =>
    new OpenAI({
      apiKey,
      baseURL: `http://127.0.0.1:${stack.port}/v1`,
      maxRetries: 0,
      timeout: REQUEST_TIMEOUT_MS,
    });
  const record = ({ headers }: { readonly headers: Headers | undefined }) =>
    recordOf(stack, headers?.get("x-regent-decision-id") ?? undefined);
  const raised = async (work: Promise<unknown>): Promise<APIError> => {
    const error: unknown = await work.then(
      () => assert.fail("nothing was raised"),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof APIError, String(error));
    return error;
  };
  /** What reached a model because of an exchange, parsed. */
  const upstream = (path: string): Loose => {
    const last = stack.witnessed().findLast((seen) => seen.path === path);
    assert.ok(last !== undefined, `nothing reached ${path}`);
    return JSON.parse(last.body);
  };
  const allOf = async (stream: AsyncIterable<unknown>): Promise<Loose[]> => {
    const events: Loose[] = [];
    for await (const event of stream) events.push(event as Loose);
    return events;
  };

  describe("chat", () => {
    const ask = (content: string, more: object = {}) => ({
      model: "sim-small",
      messages: [{ role: "user" as const, content }],
      max_completion_tokens: 50,
      ...more,
    });
    const path = "/v1/chat/completions";
    const charged = async (of: { readonly headers: Headers }) => {
      const { charge, usage, estimate } = await record(of);
      return { charge, usage, inputTokens: estimate?.inputTokens ?? 0 };
    };

    test("comes whole, and the record says what it used", async () => {
      const { data, response } = await client().chat.completions.create(ask("Hello there.")).withResponse();
      assert.match(data.choices[0]?.message.content ?? "", /You said: Hello there\.$/);
      const { inference, charge, finishReasons } = await record(response);
      assert.deepEqual(inference, {
        format: "openai-chat",
        operation: "chat",
        model: "sim-small",
        stream: false,
      });
      assert.deepEqual([charge?.tokens, charge?.source], [data.usage?.total_tokens, "reported"]);
      assert.deepEqual(finishReasons, ["stop"]);
    });

    test("comes as a stream whose usage is asked for, recorded, and not shown", async () => {
      const { data, response } = await client()
        .chat.completions.create({ ...ask("[[say:20]]"), stream: true })
        .withResponse();
      const chunks = await allOf(data);
      assert.ok(
        chunks.every(({ choices, usage }) => (choices as Loose[]).length === 1 && (usage ?? null) === null),
      );
      assert.deepEqual(upstream(path).stream_options, { include_usage: true });
      const { charge, usage } = await charged(response);
      assert.deepEqual([usage?.output, charge?.source], [20, "reported"]);
      assert.equal(charge?.tokens, usage?.total);
    });

    test("shows the usage of a stream to a client that asked for it, last and once", async () => {
      const { data, response } = await client()
        .chat.completions.create({
          ...ask("[[say:5]]"),
          stream: true,
          stream_options: { include_usage: true },
        })
        .withResponse();
      const reported = (await allOf(data)).filter(({ choices }) => (choices as Loose[]).length === 0);
      const { usage } = await charged(response);
      assert.deepEqual(
        reported.map((chunk) => (chunk.usage as Loose).total_tokens),
        [usage?.total],
      );
    });

    test("comes as a stream that reports no usage: it is estimated, and the record says so", async () => {
      for (const more of [{}, { stream_options: { include_usage: true } }]) {
        const { data, response } = await client()
          .chat.completions.create({ ...ask("[[fault:no-usage]] [[say:20]]"), stream: true, ...more })
          .withResponse();
        assert.ok((await allOf(data)).length > 20);
        const { charge, usage, inputTokens } = await charged(response);
        assert.deepEqual([usage, charge?.source], [undefined, "estimated"]);
        const output = (charge?.tokens ?? 0) - inputTokens;
        assert.ok(output > 10 && output < 50, `${output} tokens for 20 words`);
      }
    });

    test("raises what its status means, and an error in the middle of a stream", async () => {
      const denied = await raised(client().chat.completions.create(ask("Hi", { model: FORBIDDEN_MODEL })));
      assert.ok(denied instanceof PermissionDeniedError);
      assert.equal(denied.code, "model_not_permitted");
      const stranger = await raised(client("nobody's").chat.completions.create(ask("Hi")));
      assert.ok(stranger instanceof AuthenticationError);
      const none = await raised(client().chat.completions.create(ask("Hi", { stream: "yes" })));
      assert.ok(none instanceof BadRequestError);
      for (const [fault, code] of [
        ["end-mid-stream", "upstream_incomplete"],
        ["error-event", "sim_fault"],
      ]) {
        const { data, response } = await client()
          .chat.completions.create({ ...ask(`[[fault:${fault}]] [[say:20]]`), stream: true })
          .withResponse();
        assert.equal((await raised(allOf(data))).code, code);
        const { charge, inputTokens } = await charged(response);
        assert.equal(charge?.source, "estimated");
        assert.ok((charge?.tokens ?? 0) > inputTokens);
      }
    });

    test("raises RateLimitError once its budget is spent, and does not try again", async () => {
      const initech = new OpenAI({
        apiKey: KEYS.initechAnalyst,
        baseURL: `http://127.0.0.1:${stack.port}/v1`,
        maxRetries: 3,
      });
      const error = await raised(
        (async () => {
          for (let i = 0; i < REQUESTS_MAX; i++) await initech.chat.completions.create(ask("[[say:50]]"));
        })(),
      );
      assert.ok(error instanceof RateLimitError, error.message);
      assert.equal(error.code, "budget_exceeded");
      assert.equal(error.headers?.get("x-should-retry"), "false");
      assert.ok(Number(error.headers?.get("retry-after")) > 0);
      await record(error);
      const denied = (await stack.records()).filter(
        ({ identity, verdict }) => identity.tenant === "initech" && verdict === "deny",
      );
      assert.equal(denied.length, 1);
    });
  });

  describe("completions", () => {
    const ask = (prompt: string, more: object = {}) => ({
      model: "sim-small",
      prompt,
      max_tokens: 50,
      ...more,
    });

    test("come whole, and the record says what they used", async () => {
      const { data, response } = await client().completions.create(ask("Once upon a time")).withResponse();
      assert.match(data.choices[0]?.text ?? "", /You said: Once upon a time$/);
      const { inference, usage, charge, finishReasons } = await record(response);
      assert.deepEqual(inference, {
        format: "openai-completions",
        operation: "text_completion",
        model: "sim-small",
        stream: false,
      });
      assert.equal(usage?.input, data.usage?.prompt_tokens);
      assert.equal(usage?.output, data.usage?.completion_tokens);
      assert.deepEqual([charge?.tokens, charge?.source], [data.usage?.total_tokens, "reported"]);
      assert.deepEqual(finishReasons, ["stop"]);
    });

    test("come as a stream whose usage is recorded, and not shown to a client that did not ask", async () => {
      const { data, response } = await client()
        .completions.create({ ...ask("[[say:20]]"), stream: true })
        .withResponse();
      const chunks = await allOf(data);
      assert.equal(
        chunks
          .flatMap(({ choices }) => choices as Loose[])
          .map(({ text }) => text)
          .join("")
          .split(" ").length,
        21,
      );
      assert.ok(chunks.every(({ choices }) => (choices as Loose[]).length === 1));
      const { usage, charge } = await record(response);
      assert.equal(usage?.output, 20);
      assert.equal(charge?.source, "reported");
      assert.deepEqual(upstream("/v1/completions").stream_options, { include_usage: true });
    });

    test("raise what their status means, and an error in the middle of a stream", async () => {
      const denied = await raised(client().completions.create({ ...ask("p"), model: FORBIDDEN_MODEL }));
      assert.ok(denied instanceof PermissionDeniedError);
      assert.equal(denied.code, "model_not_permitted");
      const none = await raised(client().completions.create({ model: "sim-small" } as never));
      assert.ok(none instanceof BadRequestError);
      assert.equal(none.code, "body_invalid");
      const stream = await client().completions.create({ ...ask("[[fault:end-mid-stream]]"), stream: true });
      assert.equal((await raised(allOf(stream))).code, "upstream_incomplete");
    });
  });

  describe("embeddings", () => {
    test("come as vectors, and the record says what they used", async () => {
      const { data, response } = await client()
        .embeddings.create({ model: "sim-small", input: ["Hello.", "There."], dimensions: 6 })
        .withResponse();
      assert.deepEqual(
        data.data.map(({ embedding }) => embedding.length),
        [6, 6],
      );
      const { inference, usage, charge, finishReasons } = await record(response);
      assert.deepEqual(inference, {
        format: "openai-embeddings",
        operation: "embeddings",
        model: "sim-small",
        stream: false,
      });
      assert.deepEqual(usage, { input: data.usage.prompt_tokens, total: data.usage.total_tokens });
      assert.deepEqual([charge?.tokens, charge?.source], [data.usage.total_tokens, "reported"]);
      assert.deepEqual(finishReasons, []);
    });

    test("raise what their status means", async () => {
      const input = "Hello.";
      const denied = await raised(client().embeddings.create({ model: FORBIDDEN_MODEL, input }));
      assert.ok(denied instanceof PermissionDeniedError);
      assert.equal(denied.code, "model_not_permitted");
      const stranger = await raised(client("nobody's").embeddings.create({ model: "sim-small", input }));
      assert.ok(stranger instanceof AuthenticationError);
      const none = await raised(client().embeddings.create({ model: "sim-small" } as never));
      assert.ok(none instanceof BadRequestError);
    });
  });

  describe("responses", () => {
    const ask = (input: string, more: object = {}) => ({
      model: "sim-small",
      input,
      max_output_tokens: 100,
      ...more,
    });

    test("come whole, and the record says what they used", async () => {
      const { data, response } = await client()
        .responses.create(ask("Hello there.", { instructions: "Be brief." }))
        .withResponse();
      assert.match(data.output_text, /You said: Hello there\.$/);
      const { inference, usage, charge, finishReasons } = await record(response);
      assert.deepEqual(inference, {
        format: "openai-responses",
        operation: "chat",
        model: "sim-small",
        stream: false,
      });
      assert.deepEqual(usage, {
        input: data.usage?.input_tokens,
        output: data.usage?.output_tokens,
        cachedInput: 0,
        reasoning: 0,
        total: data.usage?.total_tokens,
      });
      assert.deepEqual([charge?.tokens, charge?.source], [data.usage?.total_tokens, "reported"]);
      assert.deepEqual(finishReasons, ["completed"]);
    });

    test("come event by event, and the record says why they ended", async () => {
      const { data, response } = await client()
        .responses.create({ ...ask("[[say:20]]", { max_output_tokens: 10 }), stream: true })
        .withResponse();
      const events = await allOf(data);
      assert.equal(events.filter(({ type }) => type === "response.output_text.delta").length, 10);
      assert.equal(events.at(-1)?.type, "response.incomplete");
      const { usage, charge, finishReasons } = await record(response);
      assert.equal(usage?.output, 10);
      assert.equal(charge?.source, "reported");
      assert.deepEqual(finishReasons, ["max_output_tokens"]);
    });

    test("are put together by the client's own helper", async () => {
      const stream = client().responses.stream(ask("Hello there."));
      assert.match((await stream.finalResponse()).output_text, /You said: Hello there\.$/);
    });

    test("raise what their status means, and an error in the middle of a stream", async () => {
      const denied = await raised(client().responses.create({ ...ask("i"), model: FORBIDDEN_MODEL }));
      assert.ok(denied instanceof PermissionDeniedError);
      assert.equal(denied.code, "model_not_permitted");
      const none = await raised(client().responses.create({ model: "sim-small" }));
      assert.ok(none instanceof BadRequestError);
      for (const [fault, code] of [
        ["end-mid-stream", "upstream_incomplete"],
        ["error-event", "sim_fault"],
      ]) {
        const stream = await client().responses.create({ ...ask(`[[fault:${fault}]]`), stream: true });
        assert.equal((await raised(allOf(stream))).code, code);
      }
    });

    test("that are stored are closed: whatever is asked of one is an unknown endpoint", async () => {
      for (const work of [
        () => client().responses.retrieve("resp_1"),
        () => client().responses.delete("resp_1"),
        () => client().responses.cancel("resp_1"),
        () => client().responses.inputItems.list("resp_1"),
      ]) {
        const error = await raised(work());
        assert.ok(error instanceof NotFoundError);
        assert.equal(error.code, "unknown_endpoint");
      }
    });
  });
});

/** More than the smallest budget of the demo takes. */
const REQUESTS_MAX = 200;
