import assert from "node:assert/strict";
import { test } from "node:test";
import { AWS_MESSAGE_BYTES_MAX, type AwsHeader, encodeAwsMessage } from "../../wire/aws-event-stream.ts";
import { KEPT_BYTES_MAX } from "../bounds.ts";
import type { StreamOptions } from "../format.ts";
import { CONVERSE_BLOCKS_MAX } from "./answer.ts";
import { refuseInStream } from "./refuse.ts";
import { stream } from "./stream.ts";

const KEEP: StreamOptions = { hideUsage: false, keepText: true };

function run(chunks: readonly Buffer[], options = KEEP) {
  let state = stream.initial(options);
  const bytes: Buffer[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    const step = stream.step(state, Buffer.from(chunk));
    bytes.push(...step.outputs.map((output) => Buffer.from(output)));
    fault ??= step.fault;
    state = step.state;
  }
  return { ...stream.finish(state), bytes: Buffer.concat(bytes), fault };
}

function message(headers: { [name: string]: string }, payload: unknown): Buffer {
  const typed = Object.entries(headers).map(([name, value]) => [name, { type: "string", value }] as const);
  const body = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  return encodeAwsMessage(new Map<string, AwsHeader>(typed), body);
}

const event = (type: string, payload: unknown) =>
  message({ ":event-type": type, ":content-type": "application/json", ":message-type": "event" }, payload);
const delta = (contentBlockIndex: number, piece: object) =>
  event("contentBlockDelta", { contentBlockIndex, delta: piece });

const START = event("messageStart", { role: "assistant" });
const STOP = event("messageStop", { stopReason: "end_turn" });
const METADATA = event("metadata", {
  usage: { inputTokens: 3, outputTokens: 2, totalTokens: 9, cacheReadInputTokens: 4 },
});

test("reads a stream and passes its bytes on", () => {
  const chunks = [
    START,
    delta(0, { reasoningContent: { text: "Hm." } }),
    delta(0, { reasoningContent: { signature: "s" } }),
    delta(1, { text: "Hel" }),
    delta(1, { text: "lo" }),
    event("contentBlockStop", { contentBlockIndex: 1 }),
    event("contentBlockStart", {
      contentBlockIndex: 2,
      start: { toolUse: { toolUseId: "i", name: "look" } },
    }),
    delta(2, { toolUse: { input: '{"at"' } }),
    delta(2, { toolUse: { input: ":7}" } }),
    event("eventOfTomorrow", { contentBlockIndex: 2 }),
    STOP,
    METADATA,
  ];
  const { answer, bytes, complete, events, rest, truncated, doneMarker } = run(chunks);
  assert.ok(bytes.equals(Buffer.concat(chunks)));
  assert.deepEqual([complete, events, rest.length, truncated, doneMarker], [true, 12, 0, false, undefined]);
  assert.deepEqual(
    [answer.text, answer.reasoningText, answer.toolCalls, answer.finishReasons],
    ["Hello", "Hm.", [{ name: "look", arguments: { at: 7 } }], ["end_turn"]],
  );
  assert.deepEqual(answer.usage, { input: 3, output: 2, total: 9, cachedInput: 4 });
  assert.deepEqual(answer.whole, { input: 7, output: 2 });
  assert.equal(answer.outputBytes, 16);
});

test("an open stream keeps no text, and counts it", () => {
  const { answer } = run([START, delta(0, { text: "Hello" }), STOP], { ...KEEP, keepText: false });
  assert.deepEqual([answer.text, answer.outputBytes], [undefined, 5]);
});

test("the client runs the tools that are not the provider's own", () => {
  const begin = (contentBlockIndex: number, toolUse: object) =>
    event("contentBlockStart", { contentBlockIndex, start: { toolUse } });
  const { answer } = run([
    begin(0, { name: "nova_grounding", type: "server_tool_use" }),
    delta(0, { toolUse: { input: "{}" } }),
    event("contentBlockStart", { contentBlockIndex: 1, start: { toolResult: { type: "nova" } } }),
    delta(1, { toolResult: [{ json: {} }] }),
    begin(2, { name: "no_arguments" }),
    begin(3, { name: "broken" }),
    delta(3, { toolUse: { input: '{"a' } }),
    delta(4, { reasoningContent: { redactedContent: "ZQ==" } }),
  ]);
  assert.deepEqual(answer.toolCalls, [
    { name: "no_arguments", arguments: {} },
    { name: "broken", arguments: '{"a' },
  ]);
  assert.deepEqual(answer.details, { server_items: ["server_tool_use:nova_grounding", "redactedContent"] });
});

test("an exception ends a stream, and the first one counts", () => {
  const exception = (type: string, payload: unknown) =>
    message({ ":exception-type": type, ":message-type": "exception" }, payload);
  const { answer, complete } = run([
    START,
    delta(0, { text: "Hel" }),
    exception("modelStreamErrorException", { message: "m", originalStatusCode: 500 }),
    exception("throttlingException", { message: "n" }),
  ]);
  assert.equal(complete, true);
  assert.equal(answer.text, "Hel");
  assert.deepEqual(answer.error, { type: "modelStreamErrorException", message: "m", code: null });
  assert.deepEqual(run([exception("e", "no JSON")]).answer.error, { type: "e", message: "", code: null });
});

test("an error without a model of its own is one too", () => {
  const error = message({ ":message-type": "error", ":error-code": "Internal", ":error-message": "m" }, "");
  assert.deepEqual(run([START, error]).answer.error, { type: "Internal", message: "m", code: null });
});

test("is complete with its reason to stop, whatever follows", () => {
  assert.equal(run([START, delta(0, { text: "a" })]).complete, false);
  assert.equal(run([START, delta(0, { text: "a" }), METADATA]).complete, false);
  assert.equal(run([START, METADATA, STOP]).complete, true);
});

test("passes on what is no JSON, and makes nothing of it", () => {
  const chunks = [event("contentBlockDelta", "{"), event("metadata", "[]"), event("messageStop", "null")];
  const { bytes, unparsedEvents, complete } = run(chunks);
  assert.ok(bytes.equals(Buffer.concat(chunks)));
  assert.deepEqual([unparsedEvents, complete], [3, false]);
});

test("takes a message that names only its event or its exception for what it names", () => {
  const ended = run([START, message({ ":event-type": "messageStop" }, { stopReason: "end_turn" }), METADATA]);
  assert.equal(ended.complete, true);
  const failed = run([START, message({ ":exception-type": "throttlingException" }, { message: "slow" })]);
  assert.equal(failed.answer.error?.message, "slow");
});

const FAULTS: readonly (readonly [title: string, broken: Buffer, fault: RegExp])[] = [
  ["a checksum is wrong", Buffer.from(STOP).fill(0, STOP.length - 4), /checksum/],
  ["a message has no type", message({ ":content-type": "application/json" }, {}), /no type/],
  ["a message has another type", message({ ":message-type": "x" }, {}), /no type/],
];
for (const [title, broken, fault] of FAULTS) {
  test(`ends with the messages before a fault: ${title}`, () => {
    const found = run([START, Buffer.concat([delta(0, { text: "a" }), broken, STOP]), METADATA]);
    assert.match(found.fault ?? "none", fault);
    assert.deepEqual([found.complete, found.answer.text, found.answer.usage], [false, "a", undefined]);
    assert.ok(found.bytes.equals(Buffer.concat([START, delta(0, { text: "a" })])));
  });
}

test("bounds the blocks and the text that it keeps", () => {
  const blocks = Array.from({ length: CONVERSE_BLOCKS_MAX }, (_, index) => delta(index, { text: "" }));
  assert.equal(run(blocks).fault, undefined);
  assert.match(
    run([...blocks, delta(CONVERSE_BLOCKS_MAX, { text: "" })]).fault ?? "none",
    /too many content/,
  );
  const large = delta(0, { text: "a".repeat(AWS_MESSAGE_BYTES_MAX - 1000) });
  const many = Array.from({ length: KEPT_BYTES_MAX / AWS_MESSAGE_BYTES_MAX + 1 }, () => large);
  assert.match(run(many).fault ?? "none", /bytes of text/);
  assert.equal(run(many, { ...KEEP, keepText: false }).fault, undefined);
});

test("a refusal after a broken stream is what its clients raise", () => {
  const refusal = refuseInStream({ status: 502, code: "upstream_incomplete", message: "m" });
  assert.deepEqual(run([START, refusal]).answer.error, {
    type: "modelStreamErrorException",
    message: "m",
    code: "upstream_incomplete",
  });
});
