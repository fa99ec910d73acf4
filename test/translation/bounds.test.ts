import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../src/exchange/errors.ts";
import type { FormatName } from "../../src/exchange/inference.ts";
import { CANDIDATES_MAX } from "../../src/formats/gemini-generate/answer.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { ARGUMENTS_DEPTH_MAX } from "../../src/formats/loose.ts";
import { CHOICES_MAX } from "../../src/formats/openai/answer.ts";
import { readingOf } from "../../src/formats/reading.ts";
import { TENSOR_DIMENSIONS_MAX } from "../../src/formats/tensors/index.ts";
import { TEXTS_MAX } from "../../src/formats/triton-generate/answer.ts";
import { CHAT_DIALECTS } from "../../src/translation/chat/index.ts";
import { PARTS_MAX } from "../../src/translation/chat/translator.ts";
import { type TranslationWarning, translatorOf } from "../../src/translation/index.ts";
import { JSON_VALUES_MAX } from "../../src/wire/json/index.ts";
import { FACTS, SILENT } from "./meaning.ts";

/** What an upstream or a client may make as large as it likes, at the limit and one beyond it. */

const NAMES = CHAT_DIALECTS.map(({ name }) => name);
const pairs = NAMES.flatMap((from) => NAMES.filter((to) => to !== from).map((to) => [from, to] as const));

test("the arguments of a call become an object as deep as the limit says, and stand in one beyond it", () => {
  const call = (depth: number) => ({
    model: "m",
    messages: [{ role: "assistant", tool_calls: [callWith(nested(depth))] }],
  });
  const reply = (depth: number) => ({ choices: [{ message: { tool_calls: [callWith(nested(depth))] } }] });
  for (const to of ["anthropic-messages", "gemini-generate", "bedrock-converse"] as const) {
    for (const depth of [ARGUMENTS_DEPTH_MAX, ARGUMENTS_DEPTH_MAX + 1, 5_000, 100_000]) {
      const isDeep = depth > ARGUMENTS_DEPTH_MAX;
      for (const { text, warnings } of [
        request("openai-chat", to, call(depth)),
        response("openai-chat", to, reply(depth)),
      ]) {
        assert.equal(text.includes(JSON.stringify(nested(depth))), isDeep, `${to} ${depth}`);
        assert.equal(text.includes(nested(depth)), !isDeep, `${to} ${depth}`);
        assert.equal(
          warnings.some(({ message }) => /no JSON object/.test(message)),
          isDeep,
        );
      }
    }
  }
});

test("arguments with a key twice stand as they are: none of their values gets lost", () => {
  const args = '{"path":"/etc/passwd","mode":{"a":1,"\\u0061":2},"path":"/tmp"}';
  for (const to of ["anthropic-messages", "gemini-generate", "bedrock-converse"] as const) {
    const body = { model: "m", messages: [{ role: "assistant", tool_calls: [callWith(args)] }] };
    const { text, warnings } = request("openai-chat", to, body);
    assert.ok(text.includes(JSON.stringify(args)), text);
    assert.ok(warnings.some(({ message }) => /no JSON object/.test(message)));
  }
});

test("arguments that an answer has as JSON are refused where they cannot be written down, and never left out", () => {
  const deep = nested(100_000);
  const bodies: readonly (readonly [FormatName, string])[] = [
    [
      "openai-chat",
      `{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":${deep}}}]}}]}`,
    ],
    ["anthropic-messages", `{"type":"message","content":[{"type":"tool_use","name":"f","input":${deep}}]}`],
    [
      "gemini-generate",
      `{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":${deep}}}]}}]}`,
    ],
    ["bedrock-converse", `{"output":{"message":{"content":[{"toolUse":{"name":"f","input":${deep}}}]}}}`],
  ];
  for (const [from, body] of bodies)
    for (const to of NAMES.filter((name) => name !== from))
      assert.throws(
        () => translatorOf(from, to)?.response?.(Buffer.from(body), FACTS, SILENT),
        (error) =>
          error instanceof RegentError &&
          error.code === "upstream_invalid" &&
          /deep/.test(error.detail ?? ""),
      );
});

test("arguments that a stream has as JSON end it where they cannot be written down", () => {
  const deep = nested(100_000);
  const events: readonly (readonly [FormatName, string])[] = [
    ["openai-chat", `{"choices":[{"delta":{"tool_calls":[{"function":{"name":"f","arguments":${deep}}}]}}]}`],
    [
      "anthropic-messages",
      `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":"f","input":${deep}}}`,
    ],
  ];
  for (const [from, event] of events)
    for (const to of NAMES.filter((name) => name !== from)) {
      const stream = translatorOf(from, to)?.stream?.(FACTS, SILENT) ?? assert.fail();
      assert.match(stream.push(Buffer.from(`data: ${event}\n\n`)).fault ?? "", /nested too deep/);
      assert.equal(stream.end().complete, false);
    }
});

test(`an answer of ${PARTS_MAX} parts is one that every reader takes, and one of more is none`, () => {
  const text = { text: "a" };
  const bodies: { readonly [from in FormatName]?: (parts: number) => object } = {
    "openai-chat": (parts) => ({
      choices: [{ message: { content: Array(parts).fill(text) }, finish_reason: "stop" }],
    }),
    "anthropic-messages": (parts) => ({
      type: "message",
      content: Array(parts).fill({ type: "text", ...text }),
      stop_reason: "end_turn",
    }),
    "openai-responses": (parts) => ({
      status: "completed",
      output: [{ type: "message", content: Array(parts).fill({ type: "output_text", ...text }) }],
    }),
    "gemini-generate": (parts) => ({
      candidates: [{ content: { parts: Array(parts).fill(text) }, finishReason: "STOP" }],
    }),
    "bedrock-converse": (parts) => ({
      output: { message: { content: Array(parts).fill(text) } },
      stopReason: "end_turn",
    }),
  };
  for (const [from, to] of pairs) {
    const body = bodies[from] ?? assert.fail(from);
    const { text: translated } = response(from, to, body(PARTS_MAX));
    const reading = readingOf(FORMATS[to], "response", Buffer.from(translated));
    assert.deepEqual([reading.invalid, reading.text], [undefined, "a".repeat(PARTS_MAX)], `${from} -> ${to}`);
    assert.throws(
      () => response(from, to, body(PARTS_MAX + 1)),
      (error) => error instanceof RegentError && error.code === "upstream_invalid",
    );
  }
});

test(`a stream of ${PARTS_MAX} parts goes on, and one more ends it`, () => {
  const part = (at: number) =>
    JSON.stringify({ candidates: [{ content: { parts: [{ text: "a", thought: at % 2 === 1 }] } }] });
  for (const to of NAMES.filter((name) => name !== "gemini-generate")) {
    const stream = translatorOf("gemini-generate", to)?.stream?.(FACTS, SILENT) ?? assert.fail();
    for (let at = 0; at < PARTS_MAX; at++)
      assert.equal(stream.push(Buffer.from(`data: ${part(at)}\n\n`)).fault, undefined);
    assert.match(
      stream.push(Buffer.from(`data: ${part(PARTS_MAX)}\n\n`)).fault ?? "",
      /more than 1024 parts/,
    );
    assert.equal(stream.end().complete, false);
  }
});

test("nothing that is wrong behind the end of a stream matters", () => {
  for (const to of NAMES.filter((name) => name !== "openai-chat")) {
    for (const last of ['{"error":{"message":"out"}}', "[DONE]"]) {
      const stream = translatorOf("openai-chat", to)?.stream?.(FACTS, SILENT) ?? assert.fail();
      const whole = Buffer.from(
        `data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\ndata: ${last}\n\n`,
      );
      // Larger than any event, in the same piece and in the next one.
      const wrong = Buffer.alloc(2 * 1024 * 1024, "x");
      assert.equal(stream.push(Buffer.concat([whole, wrong])).fault, undefined, to);
      assert.deepEqual(stream.push(wrong), { bytes: Buffer.alloc(0), fault: undefined });
      assert.deepEqual(stream.end(), { bytes: Buffer.alloc(0), complete: true });
    }
  }
});

test("every choice that was begun has its reason to finish at the end of a stream for Gemini", () => {
  const stream = translatorOf("openai-chat", "gemini-generate")?.stream?.(FACTS, SILENT) ?? assert.fail();
  const chunk = (index: number, more: object) => ({ choices: [{ index, delta: { content: "a" }, ...more }] });
  const pieces = [chunk(0, { finish_reason: "length" }), chunk(1, {})].map(
    (data) => `data: ${JSON.stringify(data)}\n\n`,
  );
  const { bytes } = stream.push(Buffer.from(`${pieces.join("")}data: [DONE]\n\n`));
  assert.deepEqual(stream.end(), { bytes: Buffer.alloc(0), complete: true });
  assert.deepEqual(readingOf(FORMATS["gemini-generate"], "stream", bytes).finish_reasons, [
    "MAX_TOKENS",
    "STOP",
  ]);
});

test(`more choices than ${CANDIDATES_MAX} are no answer of Gemini's`, () => {
  const choices = (count: number) =>
    Array.from({ length: count }, (_, index) => ({
      index,
      message: { content: "a" },
      delta: { content: "a" },
      finish_reason: "stop",
    }));
  const { text } = response("openai-chat", "gemini-generate", { choices: choices(CANDIDATES_MAX) });
  assert.equal(readingOf(FORMATS["gemini-generate"], "response", Buffer.from(text)).invalid, undefined);
  assert.throws(
    () => response("openai-chat", "gemini-generate", { choices: choices(CANDIDATES_MAX + 1) }),
    (error) => error instanceof RegentError && error.code === "upstream_invalid",
  );
  for (const [count, fault] of [
    [CANDIDATES_MAX, false],
    [CANDIDATES_MAX + 1, true],
  ] as const) {
    const stream = translatorOf("openai-chat", "gemini-generate")?.stream?.(FACTS, SILENT) ?? assert.fail();
    const step = stream.push(Buffer.from(`data: ${JSON.stringify({ choices: choices(count) })}\n\n`));
    assert.equal(step.fault !== undefined, fault);
    assert.equal(readingOf(FORMATS["gemini-generate"], "stream", step.bytes).invalid, undefined);
  }
});

test("places of choices that are none are where the choice stands", () => {
  const infinite =
    'data: {"choices":[{"index":-1,"delta":{"content":"a"}},{"index":1e400,"delta":{"content":"b"}}]}\n\n';
  const stream = translatorOf("openai-chat", "gemini-generate")?.stream?.(FACTS, SILENT) ?? assert.fail();
  const { bytes } = stream.push(Buffer.from(infinite));
  assert.deepEqual(readingOf(FORMATS["gemini-generate"], "stream", bytes).texts, ["a", "b"]);
});

test("a request of as many parts as JSON may have values is translated", () => {
  const parts = Array(JSON_VALUES_MAX - 100)
    .fill('{"text":""}')
    .join(",");
  const bodies: readonly (readonly [FormatName, string])[] = [
    ["gemini-generate", `{"contents":[{"role":"user","parts":[]},{"role":"user","parts":[${parts}]}]}`],
    ["gemini-generate", `{"contents":[],"systemInstruction":{"parts":[${parts}]}}`],
    ["bedrock-converse", `{"messages":[{"role":"user","content":[]},{"role":"user","content":[${parts}]}]}`],
    ["bedrock-converse", `{"messages":[],"system":[${parts}]}`],
  ];
  for (const [from, body] of bodies)
    for (const to of NAMES.filter((name) => name !== from && WRITING_LISTS.has(name)))
      assert.ok(request(from, to, body).text.length > 0);
});

/** Those that put messages of one role together. */
const WRITING_LISTS: ReadonlySet<FormatName> = new Set([
  "anthropic-messages",
  "gemini-generate",
  "bedrock-converse",
]);

test(`texts of a tensor are at most ${CHOICES_MAX} choices of completions`, () => {
  const body = (count: number) => ({
    outputs: [{ name: "text_output", shape: [count], datatype: "BYTES", data: Array(count).fill("a") }],
  });
  const { text } = response("kserve-v2", "openai-completions", body(CHOICES_MAX));
  assert.equal(readingOf(FORMATS["openai-completions"], "response", Buffer.from(text)).invalid, undefined);
  assert.throws(
    () => response("kserve-v2", "openai-completions", body(CHOICES_MAX + 1)),
    (error) => error instanceof RegentError && error.code === "upstream_invalid",
  );
});

test("an event of a generate stream with too many texts says nothing", () => {
  const stream =
    translatorOf("triton-generate", "openai-completions")?.stream?.(FACTS, SILENT) ?? assert.fail();
  const event = `data: ${JSON.stringify({ text_output: Array(TEXTS_MAX + 1).fill("a") })}\n\n`;
  assert.deepEqual(stream.push(Buffer.from(event)), {
    bytes: Buffer.alloc(0),
    fault: "the answer has too many texts",
  });
});

test(`a tensor of more than ${TENSOR_DIMENSIONS_MAX} dimensions is none of KServe v2`, () => {
  const instances = (depth: number) => `{"instances":${"[".repeat(depth)}7${"]".repeat(depth)}}`;
  for (const from of ["kserve-v1", "tfserving"] as const) {
    assert.ok(request(from, "kserve-v2", instances(TENSOR_DIMENSIONS_MAX)).text.includes("[7]"));
    assert.throws(
      () => request(from, "kserve-v2", instances(TENSOR_DIMENSIONS_MAX + 1)),
      (error) => error instanceof RegentError && error.code === "body_invalid",
    );
  }
});

/** An object with lists in it, as deep as it says. */
function nested(depth: number): string {
  return `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
}

function callWith(args: string): object {
  return { id: "c", type: "function", function: { name: "f", arguments: args } };
}

type Outcome = { readonly text: string; readonly warnings: readonly TranslationWarning[] };

function request(from: FormatName, to: FormatName, body: object | string): Outcome {
  const warnings: TranslationWarning[] = [];
  const facts = { headers: new Map(), urlModel: "m" };
  const warn = (warning: TranslationWarning) => void warnings.push(warning);
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const translated = translatorOf(from, to)?.request?.(bytes, facts, warn) ?? assert.fail();
  return { text: translated.bytes.toString("utf8"), warnings };
}

function response(from: FormatName, to: FormatName, body: object): Outcome {
  const warnings: TranslationWarning[] = [];
  const warn = (warning: TranslationWarning) => void warnings.push(warning);
  const bytes = Buffer.from(JSON.stringify(body));
  const translated = translatorOf(from, to)?.response?.(bytes, FACTS, warn) ?? assert.fail();
  return { text: translated.bytes.toString("utf8"), warnings };
}
