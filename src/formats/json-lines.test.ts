import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { NDJSON_LINE_BYTES_MAX } from "../wire/ndjson.ts";
import type { Format } from "./format.ts";
import { framingOf } from "./framing.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiCompletions } from "./openai-completions/index.ts";

const OPTIONS = { hideUsage: false, keepText: true };
const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const choices = {
  "openai-chat": (content: string, finish_reason: string | null) => [
    { index: 0, delta: { content }, finish_reason },
  ],
  "openai-completions": (text: string, finish_reason: string | null) => [{ index: 0, text, finish_reason }],
} as const;

function linesOf(format: Format, message: string): Buffer {
  const choice = choices[format.name as keyof typeof choices];
  return Buffer.from(
    [
      { model: "m", choices: choice("Grüß", null) },
      { model: "m", choices: choice(message, "stop") },
      { model: "m", choices: [], usage },
    ]
      .map((chunk) => `${JSON.stringify(chunk)}\r\n\n`)
      .join(""),
  );
}

function run(format: Format, chunks: readonly Buffer[], options = OPTIONS) {
  const framing = framingOf(format, "application/x-ndjson");
  assert.ok(framing !== undefined);
  let state = framing.stream.initial(options);
  const outputs: Buffer[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    const step = framing.stream.step(state, chunk);
    outputs.push(...step.outputs.map((output) => Buffer.from(output)));
    fault ??= step.fault;
    state = step.state;
  }
  return { ...framing.stream.finish(state), bytes: Buffer.concat(outputs).toString(), fault };
}

for (const format of [openaiChat, openaiCompletions]) {
  test(`${format.name}: reads lines as it reads events, wherever they are cut`, () => {
    const body = linesOf(format, " dich!");
    const whole = run(format, [body]);
    assert.deepEqual(
      [whole.answer.text, whole.answer.finishReasons, whole.answer.usage, whole.complete, whole.events],
      ["Grüß dich!", ["stop"], { input: 3, output: 2, total: 5 }, true, 3],
    );
    assert.equal(whole.bytes, body.toString());
    fc.assert(
      fc.property(fc.array(fc.nat(body.length), { maxLength: 8 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), body.length];
        assert.deepEqual(
          run(
            format,
            cuts.slice(1).map((end, index) => body.subarray(cuts[index], end)),
          ),
          whole,
        );
      }),
    );
  });

  test(`${format.name}: hides the line of usage that the client did not ask for`, () => {
    const found = run(format, [linesOf(format, "!")], { ...OPTIONS, hideUsage: true });
    assert.ok(!found.bytes.includes("usage"));
    assert.deepEqual(found.answer.usage, { input: 3, output: 2, total: 5 });
  });

  test(`${format.name}: a line without its end is truncated, and an answer without a reason to finish incomplete`, () => {
    const body = linesOf(format, "!");
    const { complete, truncated, rest } = run(format, [body.subarray(0, 60)]);
    assert.deepEqual([complete, truncated, rest.length > 0], [false, true, true]);
  });

  test(`${format.name}: a refusal is a line of its own that reads as an error`, () => {
    const framing = framingOf(format, "application/jsonl");
    assert.ok(framing !== undefined);
    const refusal = framing.refuseInStream({ status: 403, code: "c", message: "Not\nyours." });
    assert.equal(refusal.indexOf("\n"), refusal.length - 1);
    assert.deepEqual(run(format, [linesOf(format, "!"), refusal]).answer.error, {
      type: "request_forbidden",
      message: "Not\nyours.",
      code: "c",
    });
  });

  test(`${format.name}: a line that is too large ends the stream behind the lines before it`, () => {
    const found = run(format, [Buffer.from("{}\n"), Buffer.alloc(NDJSON_LINE_BYTES_MAX + 1, 0x20)]);
    assert.match(found.fault ?? "none", /a line is larger/);
    assert.equal(found.bytes, "{}\n");
  });
}

test("only media types that a format names are streams", () => {
  assert.equal(framingOf(openaiChat, "text/event-stream"), openaiChat);
  for (const type of ["application/json", "constructor", "__proto__", ""])
    assert.equal(framingOf(openaiChat, type), undefined);
});
