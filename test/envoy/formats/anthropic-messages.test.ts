/**
 * Anthropic's official client, unmodified, through a real Envoy with Regent beside it. What it is told, what it raises, and
 * what the record says of it.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
} from "@anthropic-ai/sdk";
import { ERRORS } from "../../../src/exchange/errors.ts";
import type { Usage } from "../../../src/exchange/inference.ts";
import { refuseInStream } from "../../../src/formats/anthropic-messages/refuse.ts";
import { REPLAY_HEADER } from "../../../tools/sample-model/replay.ts";
import { FIXTURES_FOLDER, fixturesMissing, loadFixtures } from "../../contract/fixtures.ts";
import { KEYS, post } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

/** Requests take their time on two busy cores, but do not hang. */
const REQUEST_TIMEOUT_MS = 30_000;

describe("Anthropic's client", () => {
  let stack: Governed;
  before(async () => {
    stack = await startGoverned({ recordings: FIXTURES_FOLDER });
  });
  after(() => stack?.stop());

  const client = (apiKey: string = KEYS.acmeAnalyst, maxRetries = 0) =>
    new Anthropic({
      apiKey,
      baseURL: `http://127.0.0.1:${stack.port}`,
      maxRetries,
      timeout: REQUEST_TIMEOUT_MS,
    });
  const ask = (content: string, more: object = {}) => ({
    model: "sim-small",
    max_tokens: 100,
    messages: [{ role: "user" as const, content }],
    ...more,
  });
  const decisionOf = (headers: Headers | undefined) => headers?.get("x-regent-decision-id") ?? undefined;
  const raised = async (work: Promise<unknown>): Promise<APIError> => {
    const error: unknown = await work.then(
      () => assert.fail("nothing was raised"),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof APIError);
    return error;
  };

  test("gets a message, and its record says what it used", async () => {
    const { data, response } = await client()
      .messages.create(ask("Hello there.", { system: "Be brief.", metadata: { user_id: "u-1" } }))
      .withResponse();
    assert.equal(data.stop_reason, "end_turn");
    const [block] = data.content;
    assert.ok(block?.type === "text" && block.text.endsWith("You said: Hello there."));
    const record = await recordOf(stack, decisionOf(response.headers));
    assert.deepEqual(record.inference, {
      format: "anthropic-messages",
      operation: "chat",
      model: "sim-small",
      stream: false,
    });
    assert.deepEqual(record.usage, {
      input: data.usage.input_tokens,
      output: data.usage.output_tokens,
      cachedInput: 0,
      cacheCreationInput: 0,
    });
    assert.deepEqual(
      [record.charge?.tokens, record.charge?.source],
      [data.usage.input_tokens + data.usage.output_tokens, "reported"],
    );
    assert.deepEqual(record.finishReasons, ["end_turn"]);
  });

  test("gets a stream event by event, and its record says what it used, cached tokens included", async () => {
    const stream = client().messages.stream(ask(`[[say:20]] ${"long ".repeat(200)}`));
    const seen: string[] = [];
    stream.on("streamEvent", ({ type }) => seen.push(type));
    const message = await stream.finalMessage();
    assert.equal(seen.filter((type) => type === "content_block_delta").length, 20);
    assert.equal(seen.at(-1), "message_stop");
    const record = await recordOf(stack, decisionOf(stream.response?.headers));
    const { input_tokens: input, cache_read_input_tokens: cached, output_tokens: output } = message.usage;
    assert.ok(cached !== null && cached > 0);
    assert.deepEqual(record.usage, { input, output, cachedInput: cached, cacheCreationInput: 0 });
    assert.equal(record.charge?.tokens, input + cached + output);
    assert.equal(record.inference?.stream, true);
  });

  test("counts tokens, which uses none", async () => {
    const { data, response } = await client()
      .messages.countTokens({ model: "sim-small", messages: ask("Hello there.").messages })
      .withResponse();
    assert.ok(data.input_tokens > 0);
    const record = await recordOf(stack, decisionOf(response.headers));
    assert.equal(record.inference?.operation, "count_tokens");
    assert.deepEqual([record.usage, record.charge?.tokens], [undefined, 0]);
  });

  test("masks personal data wherever it stands in a message", async () => {
    const { response } = await client()
      .messages.create(
        ask("Hi", {
          system: [{ type: "text", text: "You talk to jane.doe@example.com." }],
          messages: [
            { role: "user", content: "Look it up." },
            { role: "assistant", content: [{ type: "tool_use", id: "t", name: "look", input: {} }] },
            {
              role: "user",
              content: [
                {
                  type: "tool_result",
                  tool_use_id: "t",
                  content: [{ type: "text", text: "john.roe@example.com" }],
                },
              ],
            },
          ],
        }),
      )
      .withResponse();
    const id = decisionOf(response.headers);
    const [seen] = stack.witnessed().filter(({ decisionId }) => decisionId === id);
    assert.ok(seen !== undefined && !seen.body.includes("@example.com"), seen?.body);
    assert.equal((await recordOf(stack, id)).redactions[0]?.count, 2);
  });

  test("lists the models that its caller may use", async () => {
    const names: string[] = [];
    for await (const { id } of client().models.list()) names.push(id);
    assert.ok(names.includes("sim-small") && !names.includes("sim-frontier"), names.join());
    assert.equal((await client().models.retrieve("sim-small")).display_name, "sim-small");
  });

  const REFUSALS: readonly (readonly [
    title: string,
    raise: () => Promise<unknown>,
    type: new (...args: never[]) => APIError,
    errorType: string,
    code: string,
  ])[] = [
    [
      "a model that it may not use",
      () => client().messages.create(ask("Hi", { model: "sim-frontier" })),
      PermissionDeniedError,
      "permission_error",
      "model_not_permitted",
    ],
    [
      "a model that it may not use, asked to stream",
      () => client().messages.create(ask("Hi", { model: "sim-frontier", stream: true })),
      PermissionDeniedError,
      "permission_error",
      "model_not_permitted",
    ],
    [
      "a body that is no message",
      () => client().messages.create(ask("Hi", { stream: "yes" })),
      BadRequestError,
      "invalid_request_error",
      "body_invalid",
    ],
    [
      "another model behind the one that policy sees",
      () => client().messages.create(ask("Hi", { fallbacks: [{ model: "sim-frontier" }] })),
      BadRequestError,
      "invalid_request_error",
      "body_invalid",
    ],
    [
      "a key that nobody knows",
      () => client("nobody").messages.create(ask("Hi")),
      AuthenticationError,
      "authentication_error",
      "credentials_invalid",
    ],
    [
      "an endpoint that is not served",
      () =>
        client()
          .messages.batches.list()
          .then(() => undefined),
      NotFoundError,
      "not_found_error",
      "unknown_endpoint",
    ],
  ];
  for (const [title, raise, type, errorType, code] of REFUSALS) {
    test(`raises ${type.name} for ${title}, and nothing reaches a model`, async () => {
      const before = stack.witnessed().length;
      const error = await raised(raise());
      assert.ok(error instanceof type, error.message);
      assert.deepEqual([error.type, error.errorCode], [errorType, code]);
      assert.ok(error.requestID !== null && error.requestID === error.headers?.get("x-regent-decision-id"));
      assert.equal(stack.witnessed().length, before);
      const record = await recordOf(stack, error.requestID);
      assert.deepEqual([record.verdict, record.charge], ["deny", undefined]);
    });
  }

  test("raises RateLimitError once its budget is spent, and does not try again", async () => {
    const spend = () =>
      client(KEYS.initechAnalyst, 2).messages.create(ask("[[say:200]]", { max_tokens: 256 }));
    const error = await raised(
      (async () => {
        for (let i = 0; i < REQUESTS_MAX; i++) await spend();
      })(),
    );
    assert.ok(error instanceof RateLimitError, error.message);
    assert.deepEqual([error.type, error.errorCode], ["rate_limit_error", "budget_exceeded"]);
    assert.equal(error.headers?.get("x-should-retry"), "false");
    await recordOf(stack, error.requestID ?? undefined);
    const denied = (await stack.records()).filter(
      ({ identity, verdict }) => identity.tenant === "initech" && verdict === "deny",
    );
    assert.equal(denied.length, 1);
  });

  for (const fault of ["end-mid-stream", "error-event"]) {
    test(`raises an APIError in a stream that does not end well: ${fault}`, async () => {
      const { data: stream, response } = await client()
        .messages.create({ ...ask(`[[fault:${fault}]] [[say:20]]`), stream: true as const })
        .withResponse();
      let deltas = 0;
      const error = await raised(
        (async () => {
          for await (const { type } of stream) if (type === "content_block_delta") deltas++;
        })(),
      );
      assert.ok(deltas > 0 && deltas < 20);
      assert.equal(error.type, "api_error");
      const record = await recordOf(stack, decisionOf(response.headers));
      assert.equal(record.upstreamError, fault === "error-event" ? "sim_fault" : "upstream_incomplete");
      assert.equal(record.charge?.source, "estimated");
      assert.ok(record.charge.tokens > (record.usage?.input ?? 0) + 1, `${record.charge.tokens}`);
    });
  }

  test("takes a stream that is cut off for no whole answer", async () => {
    const stream = client().messages.stream(ask("[[fault:close-mid-stream]] [[say:20]]"));
    await assert.rejects(stream.finalMessage());
    // How much of it came through is a race, and so is whether its head did.
    const seen = stack.witnessed().filter(({ body }) => body.includes("[[fault:close-mid-stream]]"));
    assert.equal(seen.length, 1);
    const record = await recordOf(stack, seen[0]?.decisionId);
    assert.equal(record.charge?.source, "estimated");
    assert.deepEqual(record.finishReasons ?? [], []);
  });

  test("tries again what failed upstream, and is charged for neither", async () => {
    const before = stack.witnessed().length;
    await raised(client(KEYS.acmeAnalyst, 1).messages.create(ask("[[fault:500]]")));
    const failed = stack.witnessed().slice(before);
    assert.equal(failed.length, 2);
    for (const { decisionId } of failed) assert.equal((await recordOf(stack, decisionId)).charge, undefined);
  });

  const skip = fixturesMissing("anthropic-messages") ?? false;
  const answers = loadFixtures("anthropic-messages").filter(({ kind }) => kind !== "request");

  test("passes every recorded answer on byte by byte, and records the usage in it", { skip }, async () => {
    for (const { name, file, kind, body, expected } of answers) {
      const received = await post(stack.port, JSON.stringify(ask("Hi", { stream: kind === "stream" })), {
        path: "/v1/messages",
        headers: { [REPLAY_HEADER]: file },
      });
      const record = await recordOf(stack, String(received.headers["x-regent-decision-id"]));
      assert.deepEqual(usageOf(record.usage), expected.usage, name);
      assert.deepEqual(record.finishReasons, expected.finish_reasons, name);
      if (kind === "response" || expected.done_marker === true || expected.error !== null) {
        assert.equal(received.body, body.toString(), name);
      } else {
        assert.ok(received.body.endsWith(UPSTREAM_INCOMPLETE), name);
        const passed = received.body.slice(0, -UPSTREAM_INCOMPLETE.length);
        assert.ok(passed.length > 0 && body.toString().startsWith(passed), name);
      }
    }
    assert.ok(answers.length > 0);
  });

  test("puts every whole recorded stream together as if nobody stood in between", { skip }, async () => {
    // The client itself refuses a second start.
    const whole = answers.filter(
      ({ kind, expected }) =>
        kind === "stream" && expected.done_marker === true && expected.message_starts === undefined,
    );
    for (const { name, file, expected } of whole) {
      const message = await client()
        .messages.stream(ask("Hi"), { headers: { [REPLAY_HEADER]: file } })
        .finalMessage();
      const texts = message.content.flatMap((block) => (block.type === "text" ? [block.text] : []));
      assert.equal(texts.length === 0 ? null : texts.join(""), expected.text, name);
      const calls = message.content.flatMap((block) =>
        block.type === "tool_use" ? [{ name: block.name, arguments: block.input }] : [],
      );
      assert.deepEqual(calls, expected.tool_calls, name);
    }
    assert.ok(whole.length > 10);
  });

  test("aborts a stream, and is charged what was delivered", async () => {
    const { data: stream, response } = await client()
      .messages.create({ ...ask("[[say:200]] [[pace:50]]", { max_tokens: 256 }), stream: true as const })
      .withResponse();
    for await (const { type } of stream) if (type === "content_block_delta") break;
    const record = await recordOf(stack, decisionOf(response.headers));
    assert.equal(record.end, "aborted");
    assert.equal(record.charge?.source, "estimated");
    assert.ok(record.charge.tokens < 200, `${record.charge.tokens}`);
  });
});

/** Usage as the wire fixtures write it. */
function usageOf(usage: Usage = {}): object {
  const { input = null, output = null, cachedInput = null, cacheCreationInput = null } = usage;
  const { reasoning = null, total = null } = usage;
  return {
    input,
    output,
    cached_input: cachedInput,
    cache_creation_input: cacheCreationInput,
    reasoning,
    total,
  };
}

/** What follows the last whole event of a stream that the upstream did not end. */
const UPSTREAM_INCOMPLETE = refuseInStream({
  status: ERRORS.upstream_incomplete.status,
  code: "upstream_incomplete",
  message: ERRORS.upstream_incomplete.message,
}).toString();

/** More than the smallest budget of the demo takes. */
const REQUESTS_MAX = 200;
