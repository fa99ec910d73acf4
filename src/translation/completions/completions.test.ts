import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import OpenAI from "openai";
import { RegentError } from "../../exchange/errors.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { ModelInterface } from "../../exchange/model-interface.ts";
import type { AnswerFacts, TranslationWarning } from "../translation.ts";
import { completionsTranslator } from "./index.ts";

const FACTS: AnswerFacts = {
  status: 200,
  headers: new Map(),
  model: "m",
  includeUsage: true,
  nowS: 1_700_000_000,
  id: "1",
};

const PIECES = ["Machine", " learning", " naïve 🤖"];

function translated(from: FormatName, to: FormatName, request: object, model: ModelInterface = {}) {
  const warnings: TranslationWarning[] = [];
  const there = completionsTranslator(from, to, model)?.request?.(
    Buffer.from(JSON.stringify(request)),
    { headers: new Map() as Headers },
    (warning) => warnings.push(warning),
  );
  assert.ok(there !== undefined);
  return { ...there, body: JSON.parse(there.bytes.toString()) as unknown, told: told(warnings) };
}

function told(warnings: readonly TranslationWarning[]): string[] {
  return warnings.map(({ code, member }) => `${code} ${member}`);
}

/** OpenAI's own client, with an upstream that answers in another dialect. */
function clientOf(
  to: FormatName,
  from: "openai-completions" | "openai-embeddings",
  upstream: (request: { path: string; body: unknown }) => {
    status?: number;
    body: string | Buffer;
    isStream?: boolean;
  },
): OpenAI {
  const there = completionsTranslator(from, to);
  const back = completionsTranslator(to, from);
  const answer = async (_url: unknown, init?: { body?: unknown }) => {
    const asked = there?.request?.(Buffer.from(String(init?.body)), { headers: new Map() }, () => {});
    assert.ok(asked !== undefined);
    const {
      status = 200,
      body,
      isStream,
    } = upstream({
      path: asked.path,
      body: JSON.parse(asked.bytes.toString()),
    });
    const facts = { ...FACTS, status, hints: asked.hints };
    if (isStream !== true) {
      const whole = back?.response?.(Buffer.from(body), facts, () => {});
      return new Response(new Uint8Array(whole?.bytes ?? []), {
        status,
        headers: { "content-type": "application/json" },
      });
    }
    const stream = back?.stream?.(facts, () => {});
    assert.ok(stream !== undefined);
    const pushed = stream.push(Buffer.from(body)).bytes;
    const bytes = Buffer.concat([pushed, stream.end().bytes]);
    return new Response(new Uint8Array(bytes), { headers: { "content-type": "text/event-stream" } });
  };
  return new OpenAI({ apiKey: "k", baseURL: "http://upstream.invalid/v1", maxRetries: 0, fetch: answer });
}

function events(...objects: readonly object[]): string {
  return objects.map((object) => `data: ${JSON.stringify(object)}\n\n`).join("");
}

const TEXTS = PIECES.map((text_output) => ({ model_name: "vllm_model", model_version: "1", text_output }));

test("a completion goes to generate with the inputs of TensorRT-LLM", () => {
  const {
    body,
    path,
    told: warned,
  } = translated("openai-completions", "triton-generate", {
    model: "a model",
    prompt: "p",
    max_tokens: 5,
    temperature: 0.5,
    top_p: 0.9,
    seed: 7,
    stop: ["\n", "END"],
    n: 1,
  });
  assert.equal(path, "/v2/models/a%20model/generate");
  assert.deepEqual(body, {
    text_input: "p",
    max_tokens: 5,
    temperature: 0.5,
    top_p: 0.9,
    random_seed: 7,
    stop_words: ["\n", "END"],
  });
  assert.deepEqual(warned, []);
});

test("a completion goes to generate_stream with vLLM's settings as JSON, without the prompt in the answer", () => {
  const request = { model: "m", prompt: ["p"], stream: true, max_tokens: 5, stop: "s" };
  const { body, path } = translated("openai-completions", "triton-generate", request, {
    completions: { settings: "json" },
  });
  assert.equal(path, "/v2/models/m/generate_stream");
  assert.deepEqual(body, {
    text_input: "p",
    stream: true,
    sampling_parameters: '{"max_tokens":5,"stop":["s"]}',
    exclude_input_in_output: true,
  });
});

test("several prompts are rows of tensors of KServe v2", () => {
  const request = { model: "m", prompt: ["p", "q"], max_tokens: 5, stop: ["s", "t"] };
  const { body, path } = translated("openai-completions", "kserve-v2", request);
  assert.equal(path, "/v2/models/m/infer");
  assert.deepEqual(body, {
    inputs: [
      { name: "text_input", datatype: "BYTES", shape: [2, 1], data: ["p", "q"] },
      { name: "max_tokens", datatype: "INT32", shape: [2, 1], data: [5, 5] },
      { name: "stop_words", datatype: "BYTES", shape: [2, 2], data: ["s", "t", "s", "t"] },
    ],
    outputs: [{ name: "text_output" }],
  });
});

test("tells of everything that the target cannot carry", () => {
  const lost = {
    suffix: "s",
    n: 2,
    logprobs: 1,
    logit_bias: {},
    user: "u",
    best_of: 3,
    echo: true,
    "a/b": 1,
  };
  const request = { model: "m", prompt: "p", ...lost, stream_options: { include_usage: true, other: 1 } };
  const { told: warned } = translated("openai-completions", "triton-generate", request);
  assert.deepEqual(
    new Set(warned),
    new Set([
      ...Object.keys(lost).map((name) => `dropped /${name.replace("/", "~1")}`),
      "dropped /stream_options/other",
      "invented /max_tokens",
    ]),
  );
});

for (const [title, request] of [
  ["several prompts for generate", { prompt: ["p", "q"] }],
  ["tokens", { prompt: [1, 2] }],
  ["a seed that is no whole number", { prompt: "p", seed: 1.5 }],
  ["a bound that is larger than the target's numbers", { prompt: "p", max_tokens: 2 ** 31 }],
  ["a temperature that is larger than the target's numbers", { prompt: "p", temperature: 1e39 }],
] as const) {
  test(`refuses ${title}`, () => {
    assert.throws(
      () => translated("openai-completions", "triton-generate", { model: "m", ...request }),
      (error) => error instanceof RegentError && error.code === "translation_unsupported",
    );
  });
}

test("OpenAI's client reads a whole answer of generate", async () => {
  const client = clientOf("triton-generate", "openai-completions", () => ({
    body: JSON.stringify({ ...TEXTS[0], num_input_tokens: 3, num_output_tokens: 4, finish_reason: "length" }),
  }));
  const { choices, usage, model } = await client.completions.create({ model: "m", prompt: "p" });
  assert.deepEqual(choices, [{ index: 0, text: "Machine", logprobs: null, finish_reason: "length" }]);
  assert.deepEqual(usage, { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 });
  assert.equal(model, "m");
});

test("OpenAI's client reads a stream of generate_stream up to its end", async () => {
  const client = clientOf("triton-generate", "openai-completions", ({ path }) => {
    assert.equal(path, "/v2/models/m/generate_stream");
    return { body: events(...TEXTS), isStream: true };
  });
  const texts: string[] = [];
  const reasons: (string | null)[] = [];
  for await (const { choices } of await client.completions.create({
    model: "m",
    prompt: "p",
    stream: true,
  })) {
    for (const { text, finish_reason: reason } of choices) {
      texts.push(text);
      reasons.push(reason);
    }
  }
  assert.equal(texts.join(""), PIECES.join(""));
  assert.deepEqual(reasons, [null, null, null, "stop"]);
});

test("OpenAI's client raises what the server says is wrong, with its status and in a stream", async () => {
  const refused = clientOf("triton-generate", "openai-completions", () => ({
    status: 400,
    body: '{"error":"boom"}',
  }));
  await assert.rejects(
    refused.completions.create({ model: "m", prompt: "p" }),
    (error) => error instanceof OpenAI.BadRequestError && /boom/.test(error.message),
  );
  const broken = clientOf("triton-generate", "openai-completions", () => ({
    body: events(...TEXTS.slice(0, 1), { error: "out of memory" }),
    isStream: true,
  }));
  const stream = await broken.completions.create({ model: "m", prompt: "p", stream: true });
  const read = async () => {
    const texts: string[] = [];
    for await (const { choices } of stream) texts.push(...choices.map(({ text }) => text));
    return texts;
  };
  await assert.rejects(read, /out of memory/);
});

test("a stream comes out alike wherever it is cut, and only a whole one ends", () => {
  const body = Buffer.from(events(...TEXTS));
  const run = (cuts: readonly number[], length = body.length) => {
    const stream = completionsTranslator("triton-generate", "openai-completions")?.stream?.(FACTS, () => {});
    assert.ok(stream !== undefined);
    const places = [0, ...cuts, length];
    const pieces = places.slice(1).map((to, index) => stream.push(body.subarray(places[index], to)).bytes);
    const { bytes, complete } = stream.end();
    return { text: Buffer.concat([...pieces, bytes]).toString(), complete };
  };
  const whole = run([]);
  assert.equal(whole.complete, true);
  assert.ok(whole.text.endsWith("data: [DONE]\n\n"));
  fc.assert(
    fc.property(fc.array(fc.nat(body.length), { maxLength: 9 }), (cuts) => {
      assert.deepEqual(run(cuts.toSorted((a, b) => a - b)), whole);
    }),
  );
  for (const length of [0, 10, body.length - 1]) {
    const { text, complete } = run([], length);
    assert.equal(complete, false);
    assert.ok(!text.includes("[DONE]"));
  }
});

test("a stream that begins a sequence is whole when it ends it", () => {
  const end = (...objects: object[]) => {
    const stream = completionsTranslator("triton-generate", "openai-completions")?.stream?.(FACTS, () => {});
    stream?.push(Buffer.from(events(...objects)));
    return stream?.end().complete;
  };
  const start = { text_output: "a", sequence_id: 3, sequence_start: true, sequence_end: false };
  assert.equal(end(start), false);
  assert.equal(end(start, { ...start, sequence_start: false, sequence_end: true }), true);
  assert.equal(end({ text_output: "a", finish_reason: "None" }), false);
  assert.equal(
    end({ text_output: "a", finish_reason: "None" }, { text_output: "", finish_reason: "stop" }),
    true,
  );
});

test("an event that is no JSON ends the stream with a fault", () => {
  const stream = completionsTranslator("triton-generate", "openai-completions")?.stream?.(FACTS, () => {});
  assert.equal(stream?.push(Buffer.from("data: {\n\n")).fault, "an event is no JSON object");
  assert.equal(stream?.end().complete, false);
});

/** Vectors that FP32 holds. */
const VECTORS = [
  [0.5, -1.25],
  [3.402_823_466_385_288_6e38, 1e-45],
];

for (const encoding of ["float", "base64"] as const) {
  test(`OpenAI's client reads vectors as ${encoding}`, async () => {
    const client = clientOf("kserve-v2", "openai-embeddings", ({ path, body }) => {
      assert.equal(path, "/v2/models/m/infer");
      assert.deepEqual(body, {
        inputs: [{ name: "input", datatype: "BYTES", shape: [2], data: ["i", "j"] }],
      });
      const output = { name: "v", datatype: "FP32", shape: [2, 2], data: VECTORS.flat() };
      return { body: JSON.stringify({ model_name: "m", outputs: [output] }) };
    });
    const { data } = await client.embeddings.create({
      model: "m",
      input: ["i", "j"],
      encoding_format: encoding,
    });
    const vectors = data.map(({ embedding }) =>
      encoding === "float" ? embedding : floatsOf(embedding as unknown as string),
    );
    assert.deepEqual(
      vectors.map((vector) => vector.map(Math.fround)),
      VECTORS.map((vector) => vector.map(Math.fround)),
    );
  });
}

function floatsOf(base64: string): number[] {
  const bytes = Buffer.from(base64, "base64");
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
}

for (const [title, outputs] of [
  [
    "two outputs of which none is named",
    ["a", "b"].map((name) => ({ name, datatype: "FP32", shape: [1, 1], data: [1] })),
  ],
  ["texts", [{ name: "a", datatype: "BYTES", shape: [1, 1], data: ["x"] }]],
  ["one dimension", [{ name: "a", datatype: "FP32", shape: [1], data: [1] }]],
] as const) {
  test(`takes ${title} for no vectors`, () => {
    const back = completionsTranslator("kserve-v2", "openai-embeddings");
    assert.throws(
      () => back?.response?.(Buffer.from(JSON.stringify({ outputs })), FACTS, () => {}),
      (error) => error instanceof RegentError && error.code === "upstream_invalid",
    );
  });
}
