import assert from "node:assert/strict";
import { test } from "node:test";
import { RegentError } from "../../../exchange/errors.ts";
import { CONVERSE_BLOCKS_MAX } from "../../../formats/bedrock-converse/answer.ts";
import { bedrockConverse as format } from "../../../formats/bedrock-converse/index.ts";
import { readingOf } from "../../../formats/reading.ts";
import { type AwsHeader, encodeAwsMessage } from "../../../wire/aws-event-stream.ts";
import type { AnswerFacts, TranslationWarning } from "../../translation.ts";
import type { StreamEvent } from "../conversation.ts";
import { FAILURE_CHARS_MAX } from "./failure.ts";
import { bedrockConverse } from "./index.ts";
import { PAYLOAD_BYTES_MAX } from "./write-stream.ts";

const FACTS: AnswerFacts = { status: 200, headers: new Map(), includeUsage: true, nowS: 1, id: "0" };

function read(body: object, facts: Partial<AnswerFacts> = {}) {
  const warnings: TranslationWarning[] = [];
  const bytes = Buffer.from(JSON.stringify(body));
  const reply = bedrockConverse.readReply(bytes, { ...FACTS, ...facts }, (warning) => warnings.push(warning));
  return { reply, warnings };
}

const message = (...content: readonly object[]) => ({ output: { message: { role: "assistant", content } } });

test("reads an answer, and counts the whole prompt", () => {
  const { reply, warnings } = read({
    ...message(
      { reasoningContent: { reasoningText: { text: "Hm.", signature: "s" } } },
      { text: "a" },
      { toolUse: { toolUseId: "i", name: "look", input: { at: 1 } } },
    ),
    stopReason: "tool_use",
    usage: {
      inputTokens: 1,
      outputTokens: 2,
      totalTokens: 10,
      cacheReadInputTokens: 3,
      cacheWriteInputTokens: 4,
    },
    metrics: { latencyMs: 1 },
    additionalModelResponseFields: { stop_sequence: "END" },
    serviceTier: { type: "flex" },
  });
  assert.deepEqual(reply, {
    usage: { input: 8, output: 2, total: 10, cachedInput: 3, cacheCreationInput: 4 },
    serviceTier: "flex",
    choices: [
      {
        parts: [
          { kind: "reasoning", text: "Hm.", signature: "s" },
          { kind: "text", text: "a" },
          { kind: "tool_call", id: "i", name: "look", arguments: '{"at":1}' },
        ],
        finish: "tool_calls",
        rawFinish: "tool_use",
        stopSequence: "END",
      },
    ],
  });
  assert.deepEqual(warnings, []);
});

test("tells what has no counterpart", () => {
  const { warnings } = read({
    ...message({ toolResult: {} }, { citationsContent: { content: [{ text: "t" }], citations: [{}] } }),
    trace: { guardrail: {} },
  });
  assert.deepEqual(warnings.map(({ member }) => member).sort(), [
    "/output/message/content",
    "/output/message/content/citationsContent/citations",
    "/trace",
  ]);
});

test("an error keeps its status, and its type is told by the header", () => {
  const headers = new Map([["x-amzn-errortype", ["ThrottlingException"]]]);
  const { reply } = read({ message: "Slow down." }, { status: 429, headers });
  assert.deepEqual(reply, {
    failure: { type: "ThrottlingException", message: "Slow down.", code: null, status: 429 },
  });
});

for (const body of [{}, { output: {} }, message(...Array(CONVERSE_BLOCKS_MAX + 1).fill({ text: "" }))]) {
  test(`an answer without a message, or with too much in it, is none: ${Object.keys(body)}`, () => {
    assert.throws(
      () => read(body),
      (error) => error instanceof RegentError && error.code === "upstream_invalid",
    );
  });
}

test("writes a failure as the exception of its status, in a stream too", () => {
  const failure = { type: "rate_limit_error", message: "Slow down.", code: "slow", status: 429 };
  const { bytes, headers } = bedrockConverse.writeFailure(failure, FACTS);
  assert.deepEqual(JSON.parse(bytes.toString()), {
    __type: "ThrottlingException",
    message: "Slow down.",
    reason: "slow",
  });
  assert.deepEqual(headers, [["x-amzn-errortype", "ThrottlingException"]]);
  const streamed = writeAll([{ event: "failure", failure }]).bytes;
  assert.deepEqual(readingOf(format, "stream", streamed).error, {
    type: "throttlingException",
    message: "Slow down.",
    code: "slow",
  });
});

test("cuts what an upstream says about its error, so that a message can hold it", () => {
  const failure = { type: null, message: "\u0001".repeat(2 * FAILURE_CHARS_MAX), code: null, status: 500 };
  const { error } = readingOf(format, "stream", writeAll([{ event: "failure", failure }]).bytes) as {
    error: { message: string };
  };
  assert.equal(error.message.length, FAILURE_CHARS_MAX);
});

function writeAll(events: readonly StreamEvent[]) {
  const warnings: TranslationWarning[] = [];
  const writer = bedrockConverse.writeStream(FACTS, (warning) => warnings.push(warning));
  return { bytes: Buffer.concat(events.map((event) => writer.write(event))), warnings };
}

function eventsOf(bytes: Buffer): readonly StreamEvent[] {
  const reader = bedrockConverse.readStream(FACTS, () => {});
  const { events, fault } = reader.push(bytes);
  assert.equal(fault, undefined);
  return [...events, ...reader.finish()];
}

test("reads the stream that it wrote, blocks at once included", () => {
  const choice = 0;
  const events: readonly StreamEvent[] = [
    { event: "start" },
    { event: "part_start", choice, part: 0, begins: { kind: "reasoning", text: "" } },
    { event: "delta", choice, part: 0, text: "Hm." },
    { event: "signature", choice, part: 0, signature: "s" },
    { event: "part_end", choice, part: 0 },
    {
      event: "part_start",
      choice,
      part: 1,
      begins: { kind: "tool_call", id: "i", name: "a", arguments: "" },
    },
    {
      event: "part_start",
      choice,
      part: 2,
      begins: { kind: "tool_call", id: "j", name: "b", arguments: "" },
    },
    { event: "delta", choice, part: 2, text: '{"n"' },
    { event: "delta", choice, part: 1, text: "{}" },
    { event: "delta", choice, part: 2, text: ":1}" },
    { event: "part_end", choice, part: 1 },
    { event: "part_end", choice, part: 2 },
    { event: "finish", choice, finish: "tool_calls", rawFinish: "tool_use", stopSequence: "END" },
    { event: "usage", usage: { input: 3, output: 2, total: 5, cachedInput: 1 } },
    { event: "end" },
  ];
  assert.deepEqual(eventsOf(writeAll(events).bytes), events);
});

test("a text is there with its first piece, and a call without pieces has no arguments", () => {
  const bytes = Buffer.concat([
    event("contentBlockDelta", { delta: { text: "a" } }),
    event("contentBlockDelta", { delta: { reasoningContent: { text: "b" } } }),
    event("contentBlockStart", { contentBlockIndex: 1, start: { toolUse: { toolUseId: "i", name: "n" } } }),
    event("messageStop", { stopReason: "end_turn" }),
  ]);
  assert.deepEqual(
    eventsOf(bytes).map((told) =>
      told.event === "part_start" ? told.begins.kind : told.event === "delta" ? told.text : told.event,
    ),
    [
      ...["start", "text", "a", "part_end", "reasoning", "b", "tool_call"],
      ...["part_end", "{}", "part_end", "finish", "end"],
    ],
  );
});

function event(type: string, payload: object): Buffer {
  const headers = Object.entries({ ":event-type": type, ":message-type": "event" }).map(
    ([name, value]): readonly [string, AwsHeader] => [name, { type: "string", value }],
  );
  return encodeAwsMessage(new Map(headers), Buffer.from(JSON.stringify(payload)));
}

test("a stream is read no further behind a fault, a message of no type or too many blocks", () => {
  const broken = Buffer.from(event("messageStop", { stopReason: "end_turn" }));
  broken[broken.length - 1] = (broken.at(-1) as number) ^ 1;
  const untyped = encodeAwsMessage(new Map(), Buffer.from("{}"));
  const blocks = Array.from({ length: CONVERSE_BLOCKS_MAX + 2 }, (_, contentBlockIndex) =>
    event("contentBlockDelta", { contentBlockIndex, delta: { text: "a" } }),
  );
  for (const bytes of [broken, untyped, Buffer.concat(blocks)]) {
    const reader = bedrockConverse.readStream(FACTS, () => {});
    assert.equal(typeof reader.push(bytes).fault, "string");
    assert.deepEqual(reader.push(event("messageStop", { stopReason: "end_turn" })).events, []);
    assert.deepEqual(reader.finish(), []);
  }
});

test("does not write an event that no message can hold", () => {
  const begins = { kind: "text", text: "a".repeat(PAYLOAD_BYTES_MAX) } as const;
  assert.throws(
    () => writeAll([{ event: "part_start", choice: 0, part: 0, begins }]),
    (error) => error instanceof RegentError && error.code === "upstream_invalid",
  );
  const fits = { kind: "text", text: "a".repeat(PAYLOAD_BYTES_MAX - 100) } as const;
  assert.ok(
    writeAll([{ event: "part_start", choice: 0, part: 0, begins: fits }]).bytes.length >
      PAYLOAD_BYTES_MAX - 100,
  );
});
