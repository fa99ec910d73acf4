/**
 * Recorded answers of OpenAI's endpoints through a real Envoy with Regent beside it: every byte reaches the client, and
 * the record has the usage that is in them.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { usageReading } from "../../../src/formats/reading.ts";
import { REPLAY_HEADER } from "../../../tools/sample-model/replay.ts";
import { FIXTURES_FOLDER, fixturesMissing, loadFixtures } from "../../contract/fixtures.ts";
import { post } from "../governed/ask.ts";
import { recordOf } from "../governed/records.ts";
import { type Governed, startGoverned } from "../governed/stack.ts";

/** What is asked of each endpoint. A client that asks for the usage of a stream gets to see it. */
const ENDPOINTS = [
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
      const answers = loadFixtures(format).filter(({ kind }) => kind !== "request");
      for (const { name, file, kind, body, expected } of answers) {
        const stream = kind === "stream";
        const options = stream && usage ? { stream_options: { include_usage: true } } : {};
        const asked = { model: "sim-small", ...ask, ...(stream ? { stream } : {}), ...options };
        const received = await post(stack.port, JSON.stringify(asked), {
          path,
          headers: { [REPLAY_HEADER]: file },
        });
        assert.equal(received.body, body.toString(), name);
        const record = await recordOf(stack, String(received.headers["x-regent-decision-id"]));
        assert.deepEqual(usageReading(record.usage), expected.usage, name);
        assert.deepEqual(record.finishReasons, expected.finish_reasons, name);
      }
      context.diagnostic(`${format}: ${answers.length} recorded answers`);
      assert.ok(answers.length > 0);
    });
  }
});
