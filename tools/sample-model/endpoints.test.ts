import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import OpenAI, { BadRequestError } from "openai";
import { type SampleModel, startSampleModel } from "./server.ts";

let model: SampleModel;
let client: OpenAI;

before(async () => {
  model = await startSampleModel({ name: "sim-us", region: "us", paceMs: 0 });
  client = new OpenAI({ apiKey: "none", baseURL: `${model.origin}/v1`, maxRetries: 0 });
});
after(() => model.close());

test("completes every prompt of a list, up to 16 tokens unless more are asked for", async () => {
  const answer = await client.completions.create({ model: "m", prompt: ["a", "b [[say:100]]"] });
  assert.equal(answer.choices.length, 2);
  assert.equal(answer.choices[1]?.finish_reason, "length");
  assert.equal(answer.usage?.completion_tokens, 32);
});

test("streams a completion, with usage only if it was asked for", async () => {
  for (const include_usage of [true, false]) {
    const stream = await client.completions.create({
      model: "m",
      prompt: "[[say:5]]",
      stream: true,
      stream_options: { include_usage },
    });
    let text = "";
    let tokens: number | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.text ?? "";
      tokens = chunk.usage?.completion_tokens ?? tokens;
    }
    assert.equal(text, "w0 w1 w2 w3 w4 ");
    assert.equal(tokens, include_usage ? 5 : undefined);
  }
});

test("embeds texts as numbers or as base64, which are the same", async () => {
  const ask = { model: "m", input: ["abc", "d"], dimensions: 4 };
  const [numbers, base64] = await Promise.all(
    (["float", "base64"] as const).map((encoding_format) =>
      client.embeddings.create({ ...ask, encoding_format }),
    ),
  );
  const bytes = Buffer.from(base64?.data[0]?.embedding as unknown as string, "base64");
  const floats = Array.from({ length: 4 }, (_, index) => bytes.readFloatLE(4 * index));
  assert.deepEqual(floats, numbers?.data[0]?.embedding);
  assert.deepEqual(numbers?.usage, { prompt_tokens: 2, total_tokens: 2 });
});

test("gives a response whole, and the same one as events", async () => {
  const ask = { model: "m", input: "hello", instructions: "be brief" };
  const whole = await client.responses.create(ask);
  assert.equal(whole.output_text, "[sim-us us m] You said: hello");
  assert.equal(whole.status, "completed");
  const streamed = await client.responses.stream(ask).finalResponse();
  assert.equal(streamed.output_text, whole.output_text);
  assert.deepEqual(streamed.usage, whole.usage);
});

test("says that a response was cut", async () => {
  const cut = await client.responses.create({ model: "m", input: "[[say:50]]", max_output_tokens: 3 });
  assert.deepEqual([cut.status, cut.incomplete_details?.reason], ["incomplete", "max_output_tokens"]);
});

test("refuses what is no request of an endpoint", async () => {
  await assert.rejects(client.completions.create({ model: "m" } as never), BadRequestError);
  await assert.rejects(client.embeddings.create({ model: "m" } as never), BadRequestError);
  await assert.rejects(client.responses.create({ model: "m" }), BadRequestError);
});
