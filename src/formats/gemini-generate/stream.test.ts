import assert from "node:assert/strict";
import { test } from "node:test";
import { SSE_EVENT_BYTES_MAX } from "../../wire/sse.ts";
import { KEPT_BYTES_MAX } from "../bounds.ts";
import type { StreamOptions } from "../format.ts";
import { PARTIAL_DEPTH_MAX, PARTIAL_PLACES_MAX } from "./partial-arguments.ts";
import { refuseInStream } from "./refuse.ts";
import { stream } from "./stream.ts";

const KEPT: StreamOptions = { hideUsage: false, keepText: true };

function run(pieces: readonly string[], options: StreamOptions = KEPT) {
  let state = stream.initial(options);
  const outputs: Buffer[] = [];
  let fault: string | undefined;
  for (const piece of pieces) {
    const step = stream.step(state, Buffer.from(piece));
    state = step.state;
    outputs.push(...step.outputs);
    fault = step.fault;
  }
  const progress = stream.progress?.(state);
  return { ...stream.finish(state), bytes: Buffer.concat(outputs).toString(), fault, progress };
}

const event = (data: object) => `data: ${JSON.stringify(data)}\r\n\r\n`;
const part = (...parts: readonly object[]) => event({ candidates: [{ content: { parts }, index: 0 }] });
const say = (text: string) => part({ text });
const call = (piece: object) => part({ functionCall: piece });
const finish = (finishReason = "STOP", more: object = {}) =>
  event({ candidates: [{ finishReason, index: 0 }], ...more });

test("reads a stream and passes its bytes on", () => {
  const text = `${say("Hel")}: note\r\n\r\n${say("lo")}${finish("STOP", { modelVersion: "gemini" })}`;
  const { answer, bytes, complete, doneMarker, events, rest } = run([text]);
  assert.equal(bytes, text);
  assert.deepEqual([answer.text, answer.model, answer.finishReasons], ["Hello", "gemini", ["STOP"]]);
  assert.deepEqual([complete, doneMarker, events, rest.length], [true, undefined, 3, 0]);
});

test("the last count of each kind holds, and nothing is added up", () => {
  const { answer, progress } = run([
    event({ usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, cachedContentTokenCount: 2 } }),
    event({ usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, toolUsePromptTokenCount: 4 } }),
    finish("STOP", { usageMetadata: { candidatesTokenCount: 9, thoughtsTokenCount: 2 } }),
  ]);
  assert.deepEqual(answer.usage, { input: 3, output: 9, cachedInput: 2, reasoning: 2 });
  assert.deepEqual(answer.whole, { input: 7, output: 11 });
  assert.deepEqual(progress, { outputBytes: 0, outputTokens: 11 });
});

test("the output of a stream that has not ended is not counted yet", () => {
  const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 1 };
  const { answer, progress } = run([say("xy") + event({ usageMetadata })]);
  assert.deepEqual(answer.whole, { input: 3, output: undefined });
  assert.deepEqual(progress, { outputBytes: 2, outputTokens: undefined });
});

test("is incomplete until every candidate finished, the prompt was blocked or an error came", () => {
  const second = event({ candidates: [{ index: 1, content: { parts: [{ text: "y" }] } }] });
  assert.equal(run([]).complete, false);
  assert.equal(run([say("x")]).complete, false);
  assert.equal(run([say("x") + second + finish()]).complete, false);
  assert.equal(
    run([say("x") + second + finish() + event({ candidates: [{ index: 1, finishReason: "STOP" }] })])
      .complete,
    true,
  );
  assert.equal(run([event({ promptFeedback: { blockReason: "SAFETY" } })]).complete, true);
  assert.equal(run([event({ promptFeedback: { safetyRatings: [] } })]).complete, false);
  const failed = run([say("x") + event({ error: { code: 500, message: "Oops.", status: "INTERNAL" } })]);
  assert.deepEqual([failed.complete, failed.answer.text], [true, "x"]);
  assert.deepEqual(failed.answer.error, { type: "INTERNAL", message: "Oops.", code: null });
});

test("puts calls together from their pieces", () => {
  const { answer } = run([
    call({ name: "whole", args: { a: 1 } }) +
      call({ name: "one", willContinue: true }) +
      call({ partialArgs: [{ jsonPath: "$.s", stringValue: "x", willContinue: true }], willContinue: true }) +
      call({ partialArgs: [{ jsonPath: "$.s", stringValue: "y" }], willContinue: true }) +
      call({
        partialArgs: [
          { jsonPath: "$.n", numberValue: 5 },
          { jsonPath: "$.b", boolValue: false },
          { jsonPath: "$.o", nullValue: "NULL_VALUE" },
          { jsonPath: "$.list[0].deep", stringValue: "1" },
          { jsonPath: "$['list'][1]", numberValue: 2 },
          { jsonPath: '$["a \\"b\\""]', stringValue: "q" },
          { jsonPath: "$.*", stringValue: "nowhere" },
        ],
        willContinue: true,
      }) +
      call({}) +
      call({ name: "two", id: "2", willContinue: true }) +
      call({
        name: "two",
        id: "2",
        partialArgs: [{ jsonPath: "$.a", stringValue: "z" }],
        willContinue: true,
      }) +
      call({ name: "three" }) +
      say("") +
      finish(),
  ]);
  assert.deepEqual(answer.toolCalls, [
    { name: "whole", arguments: { a: 1 } },
    {
      name: "one",
      arguments: { s: "xy", n: 5, b: false, o: null, list: [{ deep: "1" }, 2], 'a "b"': "q" },
    },
    { name: "two", arguments: { a: "z" } },
    { name: "three", arguments: {} },
  ]);
  assert.deepEqual([answer.text, answer.finishKinds], ["", ["tool_calls"]]);
});

test("no path of an argument reaches anything but the arguments", () => {
  const { answer } = run([
    call({
      name: "f",
      partialArgs: [
        { jsonPath: "$.__proto__.polluted", stringValue: "yes" },
        { jsonPath: "$.constructor.prototype.polluted", stringValue: "yes" },
      ],
    }),
  ]);
  assert.equal(({} as { polluted?: string }).polluted, undefined);
  assert.ok(JSON.stringify(answer.toolCalls[0]?.arguments).startsWith('{"__proto__":{"polluted":"yes"}'));
  for (const jsonPath of ["$.list.__proto__.polluted", "$.list.length", "$.list[7]"]) {
    const { fault } = run([
      call({
        name: "f",
        partialArgs: [
          { jsonPath: "$.list[0]", numberValue: 1 },
          { jsonPath, stringValue: "x" },
        ],
      }),
    ]);
    assert.equal(fault, "the answer has arguments that contradict each other", jsonPath);
  }
  assert.equal(([] as { polluted?: string }).polluted, undefined);
});

test("ends a stream whose arguments are nested deeper than any", () => {
  const nested = (depth: number) =>
    run([call({ name: "f", partialArgs: [{ jsonPath: `$${".a".repeat(depth)}`, numberValue: 1 }] })]);
  assert.equal(nested(PARTIAL_DEPTH_MAX).fault, undefined);
  assert.equal(nested(PARTIAL_DEPTH_MAX + 1).fault, "the answer has arguments that are nested too deep");
});

test("ends a stream with more text or arguments than is kept, and only where they are kept", () => {
  const half = "x".repeat(512 * 1024);
  const piece = call({
    name: "",
    partialArgs: [{ jsonPath: "$.s", stringValue: half, willContinue: true }],
    willContinue: true,
  });
  for (const [first, next, words] of [
    ["", say(half), "bytes of text"],
    [call({ name: "f", willContinue: true }), piece, "bytes of arguments"],
  ] as const) {
    const most = [first, ...Array.from({ length: KEPT_BYTES_MAX / half.length - 1 }, () => next)];
    assert.equal(run(most).fault, undefined);
    assert.ok(run([...most, next, next]).fault?.includes(`${KEPT_BYTES_MAX} ${words}`));
    assert.equal(run([...most, next, next], { hideUsage: false, keepText: false }).fault, undefined);
  }
});

test("ends a stream whose arguments have more places than are kept, in one call or in many", () => {
  // Each path makes a list, what is in it and a value.
  const places = (from: number, count: number) =>
    Array.from({ length: count }, (_, at) => ({ jsonPath: `$.a${from + at}[0].b`, numberValue: 1 }));
  const batch = 500;
  const calls = Array.from({ length: Math.floor(PARTIAL_PLACES_MAX / 3 / batch) }, (_, at) =>
    call({ name: `f${at % 2}`, partialArgs: places(at * batch, batch) }),
  );
  assert.equal(run(calls).fault, undefined);
  const more = [...calls, call({ name: "f", partialArgs: places(0, batch) })];
  assert.equal(run(more).fault, `the answer has more than ${PARTIAL_PLACES_MAX} places of arguments`);
  assert.equal(run(more, { hideUsage: false, keepText: false }).fault, undefined);
});

test("counts what the model wrote, without keeping it where nobody will look", () => {
  const text =
    say("é") +
    part({ text: "hm", thought: true }) +
    call({ name: "f", args: { a: 1 } }) +
    call({ name: "g", willContinue: true }) +
    call({ partialArgs: [{ jsonPath: "$.s", stringValue: "xyz" }] });
  assert.equal(run([text]).answer.outputBytes, 2 + 2 + 7 + 3);
  const {
    outputBytes,
    text: none,
    reasoningText,
  } = run([text], { hideUsage: false, keepText: false }).answer;
  assert.deepEqual([outputBytes, none, reasoningText], [14, undefined, undefined]);
});

test("passes on what it does not know, and goes on reading", () => {
  const text = `${say("x")}data: no json\n\ndata: [1]\n\n${event({ of_tomorrow: 1 })}${say("y")}`;
  const { answer, bytes, unparsedEvents, fault } = run([text]);
  assert.deepEqual([bytes, answer.text, unparsedEvents, fault], [text, "xy", 2, undefined]);
});

test("ends a stream with an event that is larger than any, after which a refusal still reads as one", () => {
  const { fault, bytes, complete } = run([say("x"), `data: ${"x".repeat(SSE_EVENT_BYTES_MAX)}`]);
  assert.deepEqual(
    [fault, bytes, complete],
    [`an event is larger than ${SSE_EVENT_BYTES_MAX} bytes`, say("x"), false],
  );
  const refusal = refuseInStream({ status: 403, code: "c", message: "No." }).toString();
  assert.equal(run([bytes + refusal]).answer.error?.type, "PERMISSION_DENIED");
});
