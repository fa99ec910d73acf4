/** What is written as responses, read by OpenAI's official client: it raises on whatever is not as it has to be. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import OpenAI, { APIError, RateLimitError } from "openai";
import { KEPT_BYTES_MAX } from "../../../formats/bounds.ts";
import type { TranslationWarning } from "../../translation.ts";
import type { Choice, Reply, StreamEvent } from "../conversation.ts";
import { openaiResponses } from "./index.ts";
import { FACTS, streamed, writtenStream } from "./testing.ts";

/** A client whose every request gets these bytes. */
function client(body: Buffer, contentType: string, status = 200): OpenAI {
  const response = () =>
    new Response(new Uint8Array(body), { status, headers: { "content-type": contentType } });
  return new OpenAI({ apiKey: "none", maxRetries: 0, fetch: async () => response() });
}

const ASKED = { model: "m", input: "i" };

function ask(reply: Reply, warnings: TranslationWarning[] = []) {
  const { bytes, contentType } = openaiResponses.writeReply(reply, FACTS, (warning) =>
    warnings.push(warning),
  );
  return client(bytes, contentType).responses.create(ASKED);
}

function stream(events: readonly StreamEvent[], warnings: TranslationWarning[] = []) {
  return client(writtenStream(events, warnings), "text/event-stream").responses.stream(ASKED);
}

const PARTS: Choice["parts"] = [
  { kind: "reasoning", text: "I think.", signature: "c2ln" },
  { kind: "text", text: "Hello " },
  { kind: "text", text: "there." },
  { kind: "tool_call", id: "c1", name: "look", arguments: '{"a":1}' },
  { kind: "tool_call", id: "c2", name: "look", arguments: "{}" },
];
const USAGE = { input: 10, output: 4, cachedInput: 3, reasoning: 1, total: 14 };

/** The answer of {@link PARTS}, event by event. */
const EVENTS: readonly StreamEvent[] = [
  { event: "start", id: "up-1", model: "real-model", createdS: 5 },
  { event: "part_start", choice: 0, part: 0, begins: { kind: "reasoning", text: "" } },
  { event: "delta", choice: 0, part: 0, text: "I " },
  { event: "delta", choice: 0, part: 0, text: "think." },
  { event: "signature", choice: 0, part: 0, signature: "c2ln" },
  { event: "part_end", choice: 0, part: 0 },
  { event: "part_start", choice: 0, part: 1, begins: { kind: "text", text: "Hello " } },
  { event: "part_end", choice: 0, part: 1 },
  { event: "part_start", choice: 0, part: 2, begins: { kind: "text", text: "" } },
  { event: "delta", choice: 0, part: 2, text: "there." },
  // The text is still open while a call begins, as it is in OpenAI's chat.
  {
    event: "part_start",
    choice: 0,
    part: 3,
    begins: { kind: "tool_call", id: "c1", name: "look", arguments: "" },
  },
  { event: "delta", choice: 0, part: 3, text: '{"a"' },
  {
    event: "part_start",
    choice: 0,
    part: 4,
    begins: { kind: "tool_call", id: "c2", name: "look", arguments: "{}" },
  },
  { event: "delta", choice: 0, part: 3, text: ":1}" },
  { event: "part_end", choice: 0, part: 3 },
  { event: "part_end", choice: 0, part: 4 },
  { event: "part_end", choice: 0, part: 2 },
  { event: "finish", choice: 0, finish: "tool_calls" },
  { event: "usage", usage: USAGE },
  { event: "end" },
];

describe("the official client", () => {
  test("gets a whole answer with all that it has", async () => {
    const warnings: TranslationWarning[] = [];
    const reply = { id: "up-1", model: "real-model", createdS: 5, usage: USAGE };
    const response = await ask({ ...reply, choices: [{ parts: PARTS, finish: "tool_calls" }] }, warnings);
    assert.deepEqual(warnings, []);
    assert.equal(response.output_text, "Hello there.");
    assert.deepEqual(
      [response.id, response.object, response.model, response.created_at, response.status],
      ["up-1", "response", "real-model", 5, "completed"],
    );
    assert.deepEqual(
      response.output.map(({ type }) => type),
      ["reasoning", "message", "function_call", "function_call"],
    );
    assert.equal(new Set(response.output.map(({ id }) => id)).size, 4);
    assert.deepEqual(response.usage, {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 3, cache_write_tokens: 0 },
      output_tokens: 4,
      output_tokens_details: { reasoning_tokens: 1 },
      total_tokens: 14,
    });
    assert.deepEqual(
      [response.tools, response.tool_choice, response.parallel_tool_calls],
      [[], "auto", true],
    );
  });

  test("puts a stream together to the answer that it would have got whole", async () => {
    const final = await stream(EVENTS).finalResponse();
    const whole = await ask({
      id: "up-1",
      model: "real-model",
      createdS: 5,
      usage: USAGE,
      choices: [{ parts: PARTS, finish: "tool_calls" }],
    });
    assert.deepEqual(plainOutput(final.output), plainOutput(whole.output));
    assert.equal(final.output_text, whole.output_text);
    assert.deepEqual(final.usage, whole.usage);
    assert.deepEqual([final.id, final.status], [whole.id, whole.status]);
  });

  test("sees the pieces as they come, numbered without a gap", async () => {
    const numbers: number[] = [];
    const types: string[] = [];
    for await (const event of stream(EVENTS)) {
      numbers.push(event.sequence_number);
      types.push(event.type);
    }
    assert.deepEqual(numbers, [...numbers.keys()]);
    assert.deepEqual(types.slice(0, 3), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
    ]);
    assert.equal(types.at(-1), "response.completed");
    for (const type of [
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.function_call_arguments.delta",
      "response.function_call_arguments.done",
      "response.output_item.done",
    ]) {
      assert.ok(types.includes(type), type);
    }
  });

  test("sees why an answer is incomplete, whole and streamed", async () => {
    for (const [finish, reason] of [
      ["length", "max_output_tokens"],
      ["content_filter", "content_filter"],
    ] as const) {
      const whole = await ask({ choices: [{ parts: [{ kind: "text", text: "cut" }], finish }] });
      const final = await stream([
        { event: "part_start", choice: 0, part: 0, begins: { kind: "text", text: "cut" } },
        { event: "finish", choice: 0, finish },
        { event: "end" },
      ]).finalResponse();
      for (const response of [whole, final]) {
        assert.deepEqual([response.status, response.incomplete_details], ["incomplete", { reason }]);
        assert.deepEqual(
          response.output.map((item) => "status" in item && item.status),
          ["incomplete"],
        );
        assert.equal(response.id, "resp_x1");
      }
    }
  });

  test("sees a refusal as one, and not as an answer that was cut", async () => {
    const refusal = { kind: "refusal", text: "No." } as const;
    const whole = await ask({ choices: [{ parts: [refusal], finish: "content_filter" }] });
    const final = await stream([
      { event: "start" },
      { event: "part_start", choice: 0, part: 0, begins: { kind: "refusal", text: "" } },
      { event: "delta", choice: 0, part: 0, text: "No." },
      { event: "finish", choice: 0, finish: "content_filter" },
      { event: "end" },
    ]).finalResponse();
    for (const { status, output } of [whole, final]) {
      assert.equal(status, "completed");
      const content = [{ type: "refusal", refusal: "No." }];
      assert.deepEqual(plainOutput(output), [{ type: "message", status, role: "assistant", content }]);
    }
  });

  test("gets the encrypted reasoning that it has to give back", async () => {
    const reasoning = { kind: "reasoning", text: "", encrypted: "c2VhbGVk", id: "rs_9" } as const;
    const whole = await ask({ choices: [{ parts: [reasoning], finish: "stop" }] });
    const final = await stream([
      { event: "part_start", choice: 0, part: 0, begins: reasoning },
      { event: "part_end", choice: 0, part: 0 },
      { event: "finish", choice: 0, finish: "stop" },
      { event: "end" },
    ]).finalResponse();
    for (const { output } of [whole, final]) {
      assert.deepEqual(output, [
        { id: "rs_9", type: "reasoning", summary: [], encrypted_content: "c2VhbGVk" },
      ]);
    }
  });

  test("gets no usage where none was reported", async () => {
    assert.equal((await ask({ choices: [{ parts: [], finish: "stop" }] })).usage, null);
    const final = await stream([{ event: "start" }, { event: "end" }]).finalResponse();
    assert.equal(final.usage, null);
  });

  test("raises the exception of an error's status, and one in the middle of a stream", async () => {
    const failure = {
      type: "rate_limit_error",
      message: "Slow down.",
      code: "rate_limit_exceeded",
      status: 429,
    };
    const { bytes, contentType } = openaiResponses.writeFailure(failure, FACTS);
    await assert.rejects(client(bytes, contentType, 429).responses.create(ASKED), (error) => {
      assert.ok(error instanceof RateLimitError);
      return error.code === "rate_limit_exceeded" && error.message.includes("Slow down.");
    });
    const broken = [EVENTS[0], EVENTS[1], { event: "failure", failure }] as StreamEvent[];
    await assert.rejects(stream(broken).finalResponse(), (error) => {
      assert.ok(error instanceof APIError);
      return error.code === "rate_limit_exceeded" && error.message.includes("Slow down.");
    });
  });

  test("is told of what gets lost of an answer", async () => {
    const image = {
      kind: "image",
      source: { from: "base64", mediaType: "image/png", data: "AAAA" },
    } as const;
    const whole: TranslationWarning[] = [];
    await ask(
      {
        choices: [
          {
            parts: [image, { kind: "tool_call", id: "c", name: "n", arguments: "{}", signature: "s" }],
            finish: "other",
            stopSequence: "END",
          },
          { parts: [], finish: "stop" },
        ],
      },
      whole,
    );
    const inStream: TranslationWarning[] = [];
    await stream(
      [
        { event: "part_start", choice: 0, part: 0, begins: image },
        { event: "part_end", choice: 0, part: 0 },
        { event: "part_start", choice: 1, part: 0, begins: { kind: "text", text: "another" } },
        {
          event: "part_start",
          choice: 0,
          part: 1,
          begins: { kind: "tool_call", id: "c", name: "n", arguments: "{}" },
        },
        { event: "signature", choice: 0, part: 1, signature: "s" },
        { event: "finish", choice: 0, finish: "other", stopSequence: "END" },
        { event: "end" },
      ],
      inStream,
    ).finalResponse();
    for (const warnings of [whole, inStream]) {
      const told = warnings.map(({ member }) => member).sort();
      assert.deepEqual(told, ["/choices", "/image", "/signature", "/stop_reason", "/stop_sequence"]);
    }
  });
});

test("an answer is repeated at its end up to a bound, beyond which the stream ends", () => {
  const writer = openaiResponses.writeStream(FACTS, () => {});
  writer.write({ event: "part_start", choice: 0, part: 0, begins: { kind: "text", text: "" } });
  const text = "x".repeat(1024 * 1024);
  const delta = { event: "delta", choice: 0, part: 0, text } as const;
  for (let bytes = text.length; bytes < KEPT_BYTES_MAX; bytes += text.length) writer.write(delta);
  assert.throws(() => writer.write(delta), { code: "upstream_invalid" });
});

describe("a stream of a server that leaves events out", () => {
  const sse = (...events: object[]) =>
    Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  const message = (text: string) => ({
    type: "message",
    id: "m",
    role: "assistant",
    content: [{ type: "output_text", text }],
  });
  const completed = (output: object[]) => ({
    type: "response.completed",
    response: { id: "r", object: "response", model: "m", status: "completed", output },
  });
  const textOf = (events: readonly StreamEvent[]) =>
    events.map((event) => (event.event === "delta" ? event.text : "")).join("");

  test("is read from what is done, or from the whole answer", () => {
    const done = {
      type: "response.output_text.done",
      item_id: "m",
      output_index: 0,
      content_index: 0,
      text: "Hello",
    };
    const item = { type: "response.output_item.done", output_index: 0, item: message("Hello") };
    for (const body of [
      sse(done, completed([])),
      sse(item, completed([])),
      sse(completed([message("Hello")])),
      sse(
        { ...done, type: "response.output_text.delta", delta: "Hel" },
        done,
        item,
        completed([message("Hello")]),
      ),
    ]) {
      const { events } = streamed(body);
      assert.equal(textOf(events), "Hello");
      assert.equal(events[0]?.event, "start");
      assert.deepEqual(
        events.slice(-3).map(({ event }) => event),
        ["part_end", "finish", "end"],
      );
    }
  });

  test("says nothing of an end that did not come", () => {
    const { events } = streamed(
      sse({ type: "response.output_text.delta", output_index: 0, delta: "Hel" }, completed([])).subarray(
        0,
        -2,
      ),
    );
    assert.ok(!events.some(({ event }) => event === "end" || event === "finish"));
  });

  test("fails by an error event, or by a response that failed, and nothing follows", () => {
    const error = { code: "server_error", message: "Broken." };
    for (const failed of [
      { type: "error", ...error, param: null },
      { type: "error", error },
      { type: "response.failed", response: { id: "r", status: "failed", error } },
    ]) {
      const { events } = streamed(sse(failed, completed([message("Hello")])));
      const last = events.at(-1);
      assert.ok(last?.event === "failure");
      assert.deepEqual([last.failure.message, last.failure.code], ["Broken.", "server_error"]);
    }
  });
});

/** Items without their ids, which two answers need not have in common, and without what the client adds. */
function plainOutput(output: readonly object[]): unknown {
  const added = new Set(["id", "parsed", "parsed_arguments"]);
  return JSON.parse(JSON.stringify(output, (key, value) => (added.has(key) ? undefined : value)));
}
