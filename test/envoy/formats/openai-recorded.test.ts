/**
 * Recorded answers of OpenAI's endpoints through a real Envoy with Regent beside it: every byte reaches the client, the
 * record has the usage that is in them, and the official client makes of them what it makes of them without Regent.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import OpenAI from "openai";
import { ERRORS } from "../../../src/exchange/errors.ts";
import { refuseInStream } from "../../../src/formats/openai/refuse.ts";
import { usageReading } from "../../../src/formats/reading.ts";
import { REPLAY_HEADER } from "../../../tools/sample-model/replay.ts";
import { FIXTURES_FOLDER, fixturesMissing, loadFixtures } from "../../contract/fixtures.ts";
import { KEYS, post } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

const MESSAGES = [{ role: "user" as const, content: "m" }];

/** What is asked of each endpoint. A client that asks for the usage of a stream gets to see it. */
const ENDPOINTS = [
  { format: "openai-chat", path: "/v1/chat/completions", ask: { messages: MESSAGES }, usage: true },
  { format: "openai-completions", path: "/v1/completions", ask: { prompt: "p" }, usage: true },
  { format: "openai-embeddings", path: "/v1/embeddings", ask: { input: "i" }, usage: false },
  { format: "openai-responses", path: "/v1/responses", ask: { input: "i" }, usage: false },
] as const;

describe("recorded answers", { skip: fixturesMissing("openai-responses") ?? false }, () => {
  let stack: Governed;
  before(async () => {
    stack = await startGoverned({ recordings: FIXTURES_FOLDER });
  });
  after(() => stack?.stop());

  for (const { format, path, ask, usage } of ENDPOINTS) {
    test(`of ${format} pass byte by byte, and their usage is recorded`, async (context) => {
      // What is no answer at all is tried elsewhere.
      const answers = loadFixtures(format).filter(
        ({ kind, file }) => kind !== "request" && !file.endsWith(".txt"),
      );
      let broken = 0;
      for (const { name, file, kind, body, expected } of answers) {
        const stream = kind === "stream";
        const options = stream && usage ? { stream_options: { include_usage: true } } : {};
        const asked = { model: "sim-small", ...ask, ...(stream ? { stream } : {}), ...options };
        const received = await post(stack.port, JSON.stringify(asked), {
          path,
          headers: { [REPLAY_HEADER]: file },
        });
        if (received.body !== body.toString()) {
          // Only an answer without an end gets one.
          broken++;
          assert.deepEqual([kind, expected.done_marker, expected.error], ["stream", false, null], name);
          assert.ok(received.body.endsWith(UPSTREAM_INCOMPLETE), name);
          assert.ok(body.toString().startsWith(received.body.slice(0, -UPSTREAM_INCOMPLETE.length)), name);
        }
        const record = await recordOf(stack, String(received.headers["x-regent-decision-id"]));
        assert.deepEqual(usageReading(record.usage), expected.usage, name);
        assert.deepEqual(record.finishReasons, expected.finish_reasons, name);
      }
      context.diagnostic(`${format}: ${answers.length} recorded answers, ${broken} without an end`);
      assert.ok(answers.length > 0 && broken < answers.length / 4);
    });
  }

  const client = (fetch?: typeof globalThis.fetch) =>
    new OpenAI({
      apiKey: KEYS.acmeAnalyst,
      baseURL: `http://127.0.0.1:${stack.port}/v1`,
      maxRetries: 0,
      ...(fetch === undefined ? {} : { fetch }),
    });
  /** A client to which a file is the answer. */
  const alone = (file: string) => {
    const body = new Uint8Array(readFileSync(`${FIXTURES_FOLDER}${file}`));
    const headers = { "content-type": "text/event-stream" };
    return client(async () => new Response(body, { headers }));
  };

  const HELPERS = [
    {
      format: "openai-chat",
      put: (openai: OpenAI, headers: object) =>
        openai.chat.completions
          .stream(
            { model: "sim-small", messages: MESSAGES, stream_options: { include_usage: true } },
            { headers: { ...headers } },
          )
          .finalChatCompletion(),
    },
    {
      format: "openai-responses",
      put: (openai: OpenAI, headers: object) =>
        openai.responses
          .stream({ model: "sim-small", input: "i" }, { headers: { ...headers } })
          .finalResponse(),
    },
  ] as const;
  for (const { format, put } of HELPERS) {
    test(`of ${format} are put together as if nobody stood in between`, async (context) => {
      const streams = loadFixtures(format).filter(
        ({ kind, expected }) =>
          kind === "stream" && (expected.done_marker === true || format === "openai-responses"),
      );
      let whole = 0;
      for (const { name, file } of streams) {
        const outcome = (work: Promise<unknown>) => work.catch((error: Error) => `raised ${error.message}`);
        const expected = await outcome(put(alone(file), {}));
        assert.deepEqual(await outcome(put(client(), { [REPLAY_HEADER]: file })), expected, name);
        if (typeof expected === "object") whole++;
      }
      context.diagnostic(`${format}: ${streams.length} streams, ${whole} that the client can put together`);
      assert.ok(whole > 3);
    });
  }
});

/** What follows the last whole event of a stream that the upstream did not end. */
const UPSTREAM_INCOMPLETE = refuseInStream({
  status: ERRORS.upstream_incomplete.status,
  code: "upstream_incomplete",
  message: ERRORS.upstream_incomplete.message,
}).toString();
