import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RegentError } from "../../exchange/errors.ts";
import type { FormatName } from "../../exchange/inference.ts";
import type { CompletionInterface, ModelInterface } from "../../exchange/model-interface.ts";
import type { AnswerFacts } from "../translation.ts";
import { completionsTranslator } from "./index.ts";

const FACTS: AnswerFacts = {
  ...{ status: 200, headers: new Map(), model: "m", includeUsage: true, nowS: 1_700_000_000, id: "1" },
};

function request(to: FormatName, body: object, completions: CompletionInterface) {
  const warned: string[] = [];
  const there = completionsTranslator("openai-completions", to, { completions })?.request?.(
    Buffer.from(JSON.stringify({ model: "m", ...body })),
    { headers: new Map() },
    ({ code, member }) => warned.push(`${code} ${member}`),
  );
  return { body: JSON.parse(there?.bytes.toString() ?? "") as unknown, warned };
}

function assertUnsupported(run: () => unknown, detail: string): void {
  assert.throws(run, (error) => {
    assert.ok(error instanceof RegentError);
    assert.deepEqual([error.code, error.detail], ["translation_unsupported", detail]);
    return true;
  });
}

describe("declared inputs of a completion", () => {
  const renamed: CompletionInterface = {
    textInput: "prompt",
    textOutput: "completion",
    shape: "list",
    maxTokens: 256,
    inputs: {
      max_tokens: { name: "request_output_len", datatype: "UINT32" },
      temperature: { name: "runtime_temperature", datatype: "FP64" },
      seed: { name: "random_seed", datatype: "INT64" },
      top_p: false,
      stop: "stop_sequences",
      stream: "streaming",
    },
  };
  const full = { prompt: "p", max_tokens: 5, temperature: 0.5, seed: -7, stop: ["s"] };

  test("have their names for generate", () => {
    const { body, warned } = request("triton-generate", { ...full, stream: true }, renamed);
    assert.deepEqual(body, {
      prompt: "p",
      request_output_len: 5,
      runtime_temperature: 0.5,
      random_seed: -7,
      stop_sequences: "s",
      streaming: true,
    });
    assert.deepEqual(warned, []);
  });

  test("have their datatypes and their shape for KServe v2", () => {
    assert.deepEqual(request("kserve-v2", full, renamed).body, {
      inputs: [
        { name: "prompt", datatype: "BYTES", shape: [1], data: ["p"] },
        { name: "request_output_len", datatype: "UINT32", shape: [1], data: [5] },
        { name: "runtime_temperature", datatype: "FP64", shape: [1], data: [0.5] },
        { name: "random_seed", datatype: "INT64", shape: [1], data: [-7] },
        { name: "stop_sequences", datatype: "BYTES", shape: [1], data: ["s"] },
      ],
      outputs: [{ name: "completion" }],
    });
    assertUnsupported(
      () => request("kserve-v2", { prompt: "p", max_tokens: 2 ** 32 }, renamed),
      "max_tokens: too large for UINT32",
    );
    assertUnsupported(
      () => request("kserve-v2", { prompt: "p", seed: -1 }, {}),
      "seed: the target takes whole numbers from 0",
    );
  });

  test("hold a whole number as it is, or the request is refused", () => {
    const single = { name: "n", datatype: "FP32" } as const;
    const inputs = { max_tokens: single, seed: { ...single, name: "s" } };
    const largest = 2 ** 24;
    const ask = (body: object) => request("triton-generate", { prompt: "p", ...body }, { inputs }).body;
    assert.deepEqual(ask({ max_tokens: largest, seed: -largest }), {
      text_input: "p",
      n: largest,
      s: -largest,
    });
    assertUnsupported(
      () => ask({ max_tokens: largest + 3 }),
      `max_tokens: FP32 does not hold ${largest + 3}`,
    );
    assertUnsupported(() => ask({ seed: largest + 1 }), `seed: FP32 does not hold ${largest + 1}`);
  });

  test("may be below zero, but for the bound", () => {
    const inputs = {
      max_tokens: { name: "n", datatype: "INT32" },
      presence_penalty: { name: "penalty", datatype: "INT32" },
    } as const;
    const { body } = request(
      "triton-generate",
      { prompt: "p", presence_penalty: -1 },
      { inputs, maxTokens: 1 },
    );
    assert.deepEqual(body, { text_input: "p", n: 1, penalty: -1 });
    assertUnsupported(
      () => request("triton-generate", { prompt: "p", max_tokens: -1 }, { inputs }),
      "max_tokens: the target takes whole numbers from 0",
    );
  });

  test("take the declared bound where the request has none, and nothing is made up", () => {
    const { body, warned } = request("triton-generate", { prompt: "p" }, { maxTokens: 256 });
    assert.deepEqual(body, { text_input: "p", max_tokens: 256 });
    assert.deepEqual(warned, []);
    const vllm = request("triton-generate", { prompt: "p" }, { settings: "json", maxTokens: 256 });
    assert.equal((vllm.body as { sampling_parameters: string }).sampling_parameters, '{"max_tokens":256}');
  });

  test("that the model has not are told of, and a bound that it has not is refused", () => {
    const inputs = { max_tokens: false, top_p: false, stop: false, stream: false } as const;
    const { body, warned } = request(
      "triton-generate",
      { prompt: "p", top_p: 0.5, stop: "s", stream: true },
      { inputs },
    );
    assert.deepEqual(body, { text_input: "p" });
    assert.deepEqual(warned.toSorted(), ["dropped /stop", "dropped /top_p"]);
    assertUnsupported(
      () => request("triton-generate", { prompt: "p", max_tokens: 5 }, { inputs }),
      "max_tokens: the model has no such input, and would give more",
    );
  });

  test("are the prompt alone where the model has no settings", () => {
    const none: CompletionInterface = {
      settings: "none",
      textInput: "args",
      textOutput: "output",
      shape: "list",
    };
    const { body, warned } = request("kserve-v2", { prompt: ["p", "q"], temperature: 1 }, none);
    assert.deepEqual(body, {
      inputs: [{ name: "args", datatype: "BYTES", shape: [2], data: ["p", "q"] }],
      outputs: [{ name: "output" }],
    });
    assert.deepEqual(warned, ["dropped /temperature"]);
    assertUnsupported(
      () => request("kserve-v2", { prompt: "p", max_tokens: 5 }, none),
      "max_tokens: the model has no such input, and would give more",
    );
  });

  test("of vLLM's kind have their names, and a batch where it is declared", () => {
    const declared: CompletionInterface = {
      settings: "json",
      shape: "rows",
      inputs: { sampling_parameters: "params", stream: "is_stream", exclude_input_in_output: false },
    };
    const { body, warned } = request("kserve-v2", { prompt: "p", max_tokens: 5, echo: true }, declared);
    assert.deepEqual(body, {
      inputs: [
        { name: "text_input", datatype: "BYTES", shape: [1, 1], data: ["p"] },
        { name: "is_stream", datatype: "BOOL", shape: [1, 1], data: [false] },
        { name: "params", datatype: "BYTES", shape: [1, 1], data: ['{"max_tokens":5}'] },
      ],
      outputs: [{ name: "text_output" }],
    });
    assert.deepEqual(warned, ["dropped /echo"]);
  });
});

describe("a declared output", () => {
  const declared: ModelInterface = {
    completions: { textOutput: "completion" },
    embeddings: { input: "text", output: "vector", shape: "rows" },
  };
  const back = (from: FormatName, to: FormatName, body: object) =>
    JSON.parse(
      completionsTranslator(from, to, declared)
        ?.response?.(Buffer.from(JSON.stringify(body)), FACTS, () => {})
        .bytes.toString() ?? "",
    ) as { choices: { text: string }[]; data: { embedding: number[] }[] };

  test("has the text, and no other is taken for it", () => {
    const { choices } = back("triton-generate", "openai-completions", {
      model_name: "m",
      text_output: "other",
      completion: "text",
    });
    assert.equal(choices[0]?.text, "text");
    for (const [from, body] of [
      ["triton-generate", { model_name: "m", text_output: "other" }],
      ["kserve-v2", { outputs: [{ name: "text_output", datatype: "BYTES", shape: [1], data: ["other"] }] }],
    ] as const)
      assert.throws(
        () => back(from, "openai-completions", body),
        (error) => error instanceof RegentError && error.code === "upstream_invalid",
      );
  });

  test("has the text of each event of a stream", () => {
    const stream = completionsTranslator("triton-generate", "openai-completions", declared)?.stream?.(
      FACTS,
      () => {},
    );
    const { bytes, fault } =
      stream?.push(Buffer.from('data: {"completion":"one","text_output":"other"}\n\n')) ?? assert.fail();
    assert.equal(fault, undefined);
    assert.match(bytes.toString(), /"text":"one"/);
    assert.doesNotMatch(bytes.toString(), /other/);
  });

  test("that a stream never has is no clean end of it", () => {
    for (const [event, isComplete] of [
      ['{"text_output":"other"}', false],
      ['{"completion":5}', false],
      ['{"completion":""}', true],
    ] as const) {
      const { stream } = completionsTranslator("triton-generate", "openai-completions", declared) ?? {};
      const opened = stream?.(FACTS, () => {});
      assert.equal(opened?.push(Buffer.from(`data: ${event}\n\n`)).fault, undefined);
      assert.equal(opened?.end().complete, isComplete, event);
    }
  });

  test("has the vectors of texts that go to a declared input", () => {
    const there = completionsTranslator("openai-embeddings", "kserve-v2", declared)?.request?.(
      Buffer.from(JSON.stringify({ model: "m", input: ["i", "j"] })),
      { headers: new Map() },
      () => {},
    );
    assert.deepEqual(JSON.parse(there?.bytes.toString() ?? ""), {
      inputs: [{ name: "text", datatype: "BYTES", shape: [2, 1], data: ["i", "j"] }],
      outputs: [{ name: "vector" }],
    });
    const vector = (name: string) => ({ name, datatype: "FP32", shape: [1, 2], data: [0.5, 1] });
    const { data } = back("kserve-v2", "openai-embeddings", { outputs: [vector("other"), vector("vector")] });
    assert.deepEqual(data[0]?.embedding, [0.5, 1]);
    assert.throws(
      () => back("kserve-v2", "openai-embeddings", { outputs: [vector("other")] }),
      (error) => error instanceof RegentError && error.detail === "vector: missing",
    );
  });
});
