import assert from "node:assert/strict";
import { test } from "node:test";
import { SSE_EVENT_BYTES_MAX } from "../../wire/sse.ts";
import { KEPT_BYTES_MAX } from "../bounds.ts";
import type { StreamEnd, StreamOptions } from "../format.ts";
import { CHOICES_MAX } from "../openai/answer.ts";
import { refuseInStream } from "../openai/refuse.ts";
import { stream } from "./stream.ts";

type Run = StreamEnd & { readonly bytes: string; readonly fault: string | undefined };

const KEEP: StreamOptions = { hideUsage: false, keepText: true };

function run(chunks: readonly (string | Buffer)[], options = KEEP): Run {
  let state = stream.initial(options);
  const bytes: Buffer[] = [];
  let fault: string | undefined;
  for (const chunk of chunks) {
    const step = stream.step(state, Buffer.from(chunk as Buffer));
    bytes.push(...step.outputs.map((output) => Buffer.from(output)));
    fault ??= step.fault;
    state = step.state;
  }
  return { ...stream.finish(state), bytes: Buffer.concat(bytes).toString(), fault };
}

function event(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}

function delta(content: string, finish: string | null = null, index = 0): string {
  return event({ model: "sim-small", choices: [{ index, delta: { content }, finish_reason: finish }] });
}

const USAGE = event({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } });
const DONE = event("[DONE]");

test("reads a stream and passes its bytes on", () => {
  const text = delta("Hel") + delta("lo") + delta("", "stop") + USAGE + DONE;
  const { answer, bytes, complete, doneMarker, events, rest } = run([text]);
  assert.equal(bytes, text);
  assert.deepEqual([answer.text, answer.model, answer.finishReasons], ["Hello", "sim-small", ["stop"]]);
  assert.deepEqual(answer.usage, { input: 3, output: 2, total: 5 });
  assert.deepEqual([complete, doneMarker, events, rest.length], [true, true, 5, 0]);
});

test("several reports of usage are running totals, not amounts to add", () => {
  const usage = (usage: object) => event({ choices: [], usage });
  const { answer } = run([
    usage({ prompt_tokens: 10, completion_tokens: 1, prompt_tokens_details: { cached_tokens: 4 } }),
    usage({ prompt_tokens: 10, completion_tokens: 7 }),
    event({ choices: [], usage: null }),
  ]);
  assert.deepEqual(answer.usage, { input: 10, output: 7, cachedInput: 4 });
});

test("finds the usage where Groq and Moonshot put it, and prefers the usual place", () => {
  const of = (body: object) => run([event(body)]).answer.usage;
  assert.deepEqual(of({ x_groq: { usage: { prompt_tokens: 1 } } }), { input: 1 });
  assert.deepEqual(of({ choices: [{ index: 0, delta: {}, usage: { prompt_tokens: 2 } }] }), { input: 2 });
  assert.deepEqual(of({ usage: { prompt_tokens: 3 }, x_groq: { usage: { prompt_tokens: 1 } } }), {
    input: 3,
  });
});

test("puts tool calls together by their index, whatever is repeated or left out", () => {
  const call = (...calls: object[]) => event({ choices: [{ index: 0, delta: { tool_calls: calls } }] });
  const { answer } = run([
    call(
      { index: 0, id: "a", function: { name: "one", arguments: '{"x"' } },
      { index: 1, id: "b", function: { name: "two", arguments: "" } },
    ),
    call({ index: 1, function: { arguments: "[1" } }),
    call({ index: 0, id: "a", function: { name: null, arguments: ":1}" } }),
    call({ index: 1, id: "", function: { name: "", arguments: "]" } }),
  ]);
  assert.deepEqual(answer.toolCalls, [
    { name: "one", arguments: { x: 1 } },
    { name: "two", arguments: [1] },
  ]);
});

test("keeps whole calls apart that all come under one index", () => {
  const call = (id: string) =>
    event({
      choices: [
        {
          index: 0,
          delta: { tool_calls: [{ index: 0, id, function: { name: `f${id}`, arguments: "{}" } }] },
        },
      ],
    });
  assert.deepEqual(
    run([call("1"), call("2")]).answer.toolCalls.map(({ name }) => name),
    ["f1", "f2"],
  );
});

test("keeps choices apart and gives them in the order of their index", () => {
  const { answer, complete } = run([delta("b", null, 1), delta("a", "stop", 0), delta("b", "length", 1)]);
  assert.deepEqual(answer.texts, ["a", "bb"]);
  assert.deepEqual(answer.finishReasons, ["stop", "length"]);
  assert.equal(complete, true);
});

test("is complete by its done marker, by an error, or by the last choice that finishes", () => {
  assert.equal(run([delta("a")]).complete, false);
  assert.equal(run([]).complete, false);
  assert.equal(run([USAGE]).complete, false);
  assert.equal(run([delta("a") + DONE]).complete, true);
  assert.equal(run([delta("a", "stop")]).complete, true);
  assert.equal(run([delta("a", "")]).complete, false);
  assert.equal(run([delta("a", "stop") + delta("b", null, 1)]).complete, false);
  assert.equal(run([delta("a") + event({ error: { message: "m" } })]).complete, true);
  assert.equal(run([delta("a"), "data: [DONE]\n"]).complete, false);
});

test("holds back what is no whole event, so that an error event can follow", () => {
  const { bytes, rest, truncated, complete } = run([delta("a"), delta("b").slice(0, 20)]);
  assert.equal(bytes, delta("a"));
  assert.equal(rest.toString(), delta("b").slice(0, 20));
  assert.deepEqual([truncated, complete], [true, false]);
  const after = run([bytes, refuseInStream({ status: 502, code: "upstream_incomplete", message: "m" })]);
  assert.deepEqual(after.answer.error, { type: "server_error", message: "m", code: "upstream_incomplete" });
});

test("reads errors with and without an event name, and keeps the first", () => {
  assert.equal(run([`event: error\n${event({ message: "bare" })}`]).answer.error?.message, "bare");
  assert.equal(run([`event: error\n${event({ error: { message: "m" } })}`]).answer.error?.message, "m");
  assert.equal(
    run([event({ error: { message: "first" } }), event({ error: "second" })]).answer.error?.message,
    "first",
  );
});

test("reads on after the done marker, because a client may", () => {
  const { answer, events } = run([delta("a") + DONE + delta("b") + DONE]);
  assert.equal(answer.text, "ab");
  assert.equal(events, 4);
});

test("passes on what it does not understand, and counts it", () => {
  const text = `${event("not json")}${event("[]")}${event('"x"')}: comment\n\nevent: ping\n\n${delta("a")}`;
  const { bytes, unparsedEvents, answer } = run([text]);
  assert.equal(bytes, text);
  assert.equal(unparsedEvents, 3);
  assert.equal(answer.text, "a");
});

test("hides the usage that Regent asked for, and nothing else, however it is cut", () => {
  const shown = delta("a") + delta("", "stop");
  const text = shown + USAGE + event({ choices: [], usage: null }) + DONE;
  const expected = shown + event({ choices: [], usage: null }) + DONE;
  const options = { hideUsage: true, keepText: true };
  for (let at = 0; at <= text.length; at++) {
    const { bytes, answer } = run([text.slice(0, at), text.slice(at)], options);
    assert.equal(bytes, expected, `cut at ${at}`);
    assert.equal(answer.usage?.input, 3);
  }
});

test("keeps no text unless it is asked to, and still counts it", () => {
  const call = event({
    choices: [
      { index: 0, delta: { tool_calls: [{ index: 0, function: { name: "f", arguments: "12345" } }] } },
    ],
  });
  const { answer } = run([delta("é") + call], { hideUsage: false, keepText: false });
  assert.deepEqual([answer.text, answer.outputBytes], [undefined, 7]);
  assert.deepEqual(answer.toolCalls, [{ name: "f", arguments: "" }]);
});

test(`an event of more than ${SSE_EVENT_BYTES_MAX} bytes ends the stream behind the event before it`, () => {
  const { bytes, fault, complete } = run([
    delta("a") + event("x".repeat(SSE_EVENT_BYTES_MAX)) + delta("b", "stop"),
  ]);
  assert.equal(bytes, delta("a"));
  assert.match(fault ?? "", /event is larger/);
  assert.equal(complete, false);
});

test("too many choices end the stream in front of the event that has them, and nothing follows", () => {
  const choices = Array.from({ length: CHOICES_MAX + 1 }, (_, index) => ({
    index,
    delta: {},
    finish_reason: "stop",
  }));
  const { bytes, fault, complete } = run([delta("a") + event({ choices }) + delta("b"), DONE]);
  assert.equal(bytes, delta("a"));
  assert.match(fault ?? "", /too many choices/);
  assert.equal(complete, false);
});

test(`keeps ${KEPT_BYTES_MAX} bytes of text and ends the stream at more, but only where text is kept`, () => {
  const half = delta("x".repeat(KEPT_BYTES_MAX / 16));
  const chunks = [...new Array<string>(16).fill(half), delta("y")];
  assert.match(run(chunks).fault ?? "", /bytes of text/);
  assert.equal(run(chunks.slice(0, 16)).fault, undefined);
  assert.equal(run(chunks, { hideUsage: false, keepText: false }).fault, undefined);
});
