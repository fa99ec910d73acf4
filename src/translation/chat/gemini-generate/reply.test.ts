import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RegentError } from "../../../exchange/errors.ts";
import { KEPT_BYTES_MAX, TOOL_CALLS_MAX } from "../../../formats/bounds.ts";
import { CANDIDATES_MAX } from "../../../formats/gemini-generate/answer.ts";
import type { AnswerFacts, TranslationWarning } from "../../translation.ts";
import type { Conversation, Message, Part, Reply, StreamEvent } from "../conversation.ts";
import { geminiGenerate } from "./index.ts";

const FACTS: AnswerFacts = { status: 200, headers: new Map(), includeUsage: true, nowS: 86_400, id: "i" };

function untold({ code, member }: TranslationWarning): void {
  assert.fail(`told of ${code} ${member}`);
}

function read(body: unknown, facts: Partial<AnswerFacts> = {}) {
  const told: string[] = [];
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  const reply = geminiGenerate.readReply(bytes, { ...FACTS, ...facts }, ({ code, member }) =>
    told.push(`${code} ${member}`),
  );
  return { reply, told };
}

const partsOf = (body: unknown) => {
  const { reply } = read(body);
  assert.ok(!("failure" in reply));
  return reply.choices.map(({ parts }) => parts);
};
const candidate = (...parts: readonly object[]) => ({
  candidates: [{ content: { parts }, finishReason: "STOP" }],
});

test("calls without an id get one of this answer and their place, and no two the same", () => {
  const call = { functionCall: { name: "f" } };
  const body = {
    candidates: [{ content: { parts: [call, call] } }, { content: { parts: [call] }, index: 1 }],
  };
  const ids = partsOf(body).flatMap((parts) => parts.map((part) => part.kind === "tool_call" && part.id));
  assert.deepEqual(ids, ["call_i_0_0", "call_i_0_1", "call_i_1_0"]);
});

test("counts the whole prompt and the whole answer", () => {
  const { reply } = read({
    ...candidate({ text: "x" }),
    usageMetadata: {
      promptTokenCount: 10,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 5,
      toolUsePromptTokenCount: 7,
      cachedContentTokenCount: 3,
      totalTokenCount: 26,
    },
  });
  assert.ok(!("failure" in reply));
  assert.deepEqual(reply.usage, { input: 17, output: 9, cachedInput: 3, reasoning: 5, total: 26 });
  const { usageMetadata } = JSON.parse(geminiGenerate.writeReply(reply, FACTS, untold).bytes.toString()) as {
    usageMetadata: unknown;
  };
  assert.deepEqual(usageMetadata, {
    promptTokenCount: 17,
    candidatesTokenCount: 4,
    cachedContentTokenCount: 3,
    thoughtsTokenCount: 5,
    totalTokenCount: 26,
  });
});

test("takes an error for one in each of its forms, and no page of a proxy for more than that", () => {
  const error = { code: 429, message: "Slow down.", status: "RESOURCE_EXHAUSTED" };
  const expected = { type: "RESOURCE_EXHAUSTED", message: "Slow down.", code: null, status: 429 };
  assert.deepEqual(read({ error }, { status: 429 }).reply, { failure: expected });
  assert.deepEqual(read([{ error }], { status: 429 }).reply, { failure: expected });
  assert.deepEqual(read({ error }).reply, { failure: expected });
  const page = read("<html>secret</html>", { status: 502 }).reply;
  assert.ok("failure" in page && page.failure.status === 502 && !page.failure.message.includes("secret"));
  const written = geminiGenerate.writeFailure(
    { type: "rate_limit_error", message: "Slow down.", code: "some_code", status: 429 },
    FACTS,
  );
  assert.deepEqual(JSON.parse(written.bytes.toString()), {
    error: {
      code: 429,
      message: "Slow down.",
      status: "RESOURCE_EXHAUSTED",
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "some_code", domain: "upstream" },
      ],
    },
  });
});

test("takes what is no answer for none, and no more of one than any has", () => {
  const call = { functionCall: { name: "f" } };
  const calls = (count: number) => candidate(...Array.from({ length: count }, () => call));
  const candidates = (count: number) => ({ candidates: Array.from({ length: count }, () => ({})) });
  for (const body of ["", "[]", "5", {}, calls(TOOL_CALLS_MAX + 1), candidates(CANDIDATES_MAX + 1)])
    assert.throws(
      () => read(body),
      (error: unknown) => error instanceof RegentError && error.code === "upstream_invalid",
    );
  assert.equal(partsOf(calls(TOOL_CALLS_MAX))[0]?.length, TOOL_CALLS_MAX);
  assert.equal(partsOf(candidates(CANDIDATES_MAX)).length, CANDIDATES_MAX);
});

test("tells what of an answer has no counterpart", () => {
  const { told } = read({
    candidates: [
      {
        content: {
          parts: [
            { executableCode: { code: "c" } },
            { text: "t", thoughtSignature: "s" },
            { of_tomorrow: 1 },
          ],
        },
        finishReason: "STOP",
        groundingMetadata: { webSearchQueries: ["q"] },
      },
    ],
    modelStatus: {},
  });
  assert.deepEqual(told.toSorted(), [
    "dropped /candidates/content/parts/executableCode",
    "dropped /candidates/content/parts/of_tomorrow",
    "dropped /candidates/content/parts/thoughtSignature",
    "dropped /candidates/groundingMetadata",
    "dropped /modelStatus",
  ]);
});

function eventsIn(text: string): readonly StreamEvent[] {
  const reader = geminiGenerate.readStream(FACTS, () => undefined);
  const { events, fault } = reader.push(Buffer.from(text));
  assert.equal(fault, undefined);
  return [...events, ...reader.finish()];
}

function written(events: readonly StreamEvent[]): string {
  const writer = geminiGenerate.writeStream(FACTS, untold);
  return Buffer.concat(events.map((event) => writer.write(event))).toString();
}

test("a stream is over when every candidate finished, and not before", () => {
  const piece = (more: object) => `data: ${JSON.stringify({ candidates: [{ index: 0, ...more }] })}\n\n`;
  const text = piece({ content: { parts: [{ text: "x" }] } });
  assert.ok(!eventsIn(text).some(({ event }) => event === "end"));
  const other = text.replace('"index":0', '"index":1');
  assert.ok(!eventsIn(text + other + piece({ finishReason: "STOP" })).some(({ event }) => event === "end"));
  assert.equal(eventsIn(text + piece({ finishReason: "STOP" })).at(-1)?.event, "end");
  const blocked = `data: ${JSON.stringify({ promptFeedback: { blockReason: "SAFETY" } })}\n\n`;
  assert.deepEqual(
    eventsIn(blocked).map(({ event }) => event),
    ["start", "part_start", "part_end", "finish", "end"],
  );
});

test("a stream that is written says that it finished only at its end, with what was used", () => {
  const events: readonly StreamEvent[] = [
    { event: "start", id: "r", model: "m" },
    {
      event: "part_start",
      choice: 0,
      part: 0,
      begins: { kind: "tool_call", id: "c", name: "f", arguments: "" },
    },
    { event: "delta", choice: 0, part: 0, text: '{"a"' },
    { event: "delta", choice: 0, part: 0, text: ":1}" },
    { event: "signature", choice: 0, part: 0, signature: "c2ln" },
    { event: "part_end", choice: 0, part: 0 },
    { event: "finish", choice: 0, finish: "tool_calls" },
    { event: "usage", usage: { input: 3, output: 5, reasoning: 1 } },
  ];
  assert.ok(!written(events).includes("finishReason"));
  const text = written([...events, { event: "end" }]);
  const pieces = text
    .trim()
    .split("\n\n")
    .map((data) => JSON.parse(data.slice("data: ".length)) as object);
  assert.equal(pieces.length, 2);
  const head = { modelVersion: "m", createTime: "1970-01-02T00:00:00.000Z", responseId: "r" };
  const call = { functionCall: { id: "c", name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" };
  assert.deepEqual(pieces[0], {
    candidates: [{ content: { role: "model", parts: [call] }, index: 0 }],
    ...head,
  });
  assert.deepEqual(pieces[1], {
    candidates: [{ content: { role: "model", parts: [] }, finishReason: "STOP", index: 0 }],
    usageMetadata: {
      promptTokenCount: 3,
      candidatesTokenCount: 4,
      thoughtsTokenCount: 1,
      totalTokenCount: 8,
    },
    ...head,
  });
});

test("holds no more of the arguments of a call than of any answer", () => {
  const half = "x".repeat(KEPT_BYTES_MAX / 2);
  const writer = geminiGenerate.writeStream(FACTS, untold);
  const begin = (part: number) =>
    writer.write({
      event: "part_start",
      choice: 0,
      part,
      begins: { kind: "tool_call", id: "c", name: "f", arguments: half },
    });
  begin(0);
  begin(1);
  assert.throws(
    () => writer.write({ event: "delta", choice: 0, part: 1, text: "x" }),
    (error: unknown) => error instanceof RegentError && error.code === "upstream_invalid",
  );
});

/** Texts that JSON carries; Gemini takes no empty ones beside others. */
const text = fc.string({ minLength: 1, unit: "grapheme" });
const args = fc.dictionary(
  fc.constantFrom("a", "b", "__proto__"),
  fc.oneof(text, fc.integer(), fc.boolean()),
  {
    noNullPrototype: true,
  },
);
const said: fc.Arbitrary<Part> = fc.oneof(
  text.map((value): Part => ({ kind: "text", text: value })),
  fc.record({
    kind: fc.constant("image" as const),
    source: fc.record({
      from: fc.constant("base64" as const),
      mediaType: fc.constant("image/png"),
      data: fc.base64String({ minLength: 4 }),
    }),
  }),
);
const call: fc.Arbitrary<Part> = fc.record({
  kind: fc.constant("tool_call" as const),
  id: fc.uuid(),
  name: fc.constantFrom("f", "g"),
  arguments: args.map((value) => JSON.stringify(value)),
});

/** A turn of each side, and the results of the calls in any order. */
const exchange = fc
  .record({
    asked: fc.array(said, { minLength: 1, maxLength: 3 }),
    answered: text,
    calls: fc.uniqueArray(call, { maxLength: 3, selector: (part) => part.kind === "tool_call" && part.id }),
    seed: fc.nat(),
  })
  .map(({ asked, answered, calls, seed }): Message[] => {
    const results = calls.map(
      (part, index): Part => ({
        kind: "tool_result",
        callId: part.kind === "tool_call" ? part.id : "",
        content: [{ kind: "text", text: `result ${index}` }],
      }),
    );
    const turned =
      results.length === 0
        ? []
        : [...results.slice(seed % results.length), ...results.slice(0, seed % results.length)];
    return [
      { role: "user", parts: asked },
      { role: "assistant", parts: [{ kind: "text", text: answered }, ...calls] },
      ...turned.map((result): Message => ({ role: "tool", parts: [result] })),
    ];
  });

test("a conversation that is written and read again means the same", () => {
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 3 }), fc.option(text), (turns, system) => {
      const messages: Message[] = [
        ...(system === null ? [] : [{ role: "system", parts: [{ kind: "text", text: system }] } as const]),
        ...turns.flat(),
        { role: "user", parts: [{ kind: "text", text: "and now?" }] },
      ];
      const asked: Conversation = {
        model: "gemini-2.5-flash",
        stream: false,
        includeUsage: true,
        messages,
        tools: [{ name: "f", parameters: { type: "object" } }],
        temperature: 0.5,
        maxOutputTokens: 10,
      };
      const { bytes } = geminiGenerate.writeRequest(asked, untold);
      const facts = { headers: new Map(), urlModel: "gemini-2.5-flash" };
      const again = geminiGenerate.readRequest(bytes, facts, untold);
      assert.deepEqual(json(meaningOf(again.messages)), json(meaningOf(messages)));
      assert.deepEqual(
        [again.model, again.temperature, again.maxOutputTokens, again.tools.map(({ name }) => name)],
        ["gemini-2.5-flash", 0.5, 10, ["f"]],
      );
    }),
    { numRuns: 300 },
  );
});

/** What each side said in one go; results by the calls that they answer. */
function meaningOf(messages: readonly Message[]): unknown {
  const runs: { role: string; said: unknown[] }[] = [];
  for (const { role, parts } of messages) {
    const pieces = parts.map((part) => {
      if (part.kind === "tool_call")
        return ["call", part.id, part.name, JSON.parse(part.arguments) as unknown];
      if (part.kind === "tool_result")
        return [
          "result",
          part.callId,
          JSON.stringify(part.content.map((inner) => inner.kind === "text" && inner.text)),
        ];
      return part.kind === "text" ? part.text : part.kind === "image" ? part.source : part.kind;
    });
    const last = runs.at(-1);
    if (last?.role === role) last.said.push(...pieces);
    else runs.push({ role, said: pieces });
  }
  for (const run of runs)
    if (run.role === "tool") run.said.sort((a, b) => String(a).localeCompare(String(b)));
  return runs;
}

test("an answer that is written and read again means the same, whole and as a stream", () => {
  const reply = fc.record({
    thought: fc.option(text),
    spoken: text,
    calls: fc.uniqueArray(call, { maxLength: 3, selector: (part) => part.kind === "tool_call" && part.id }),
    usage: fc.record({
      input: fc.nat(1000),
      output: fc.integer({ min: 100, max: 1000 }),
      reasoning: fc.nat(100),
    }),
  });
  fc.assert(
    fc.property(reply, ({ thought, spoken, calls, usage }) => {
      const parts: Part[] = [
        ...(thought === null ? [] : [{ kind: "reasoning", text: thought } as const]),
        { kind: "text", text: spoken },
        ...calls,
      ];
      const finish = calls.length > 0 ? "tool_calls" : "stop";
      const answer: Reply = { id: "r", model: "m", choices: [{ parts, finish }], usage };
      const { bytes } = geminiGenerate.writeReply(answer, FACTS, untold);
      const again = geminiGenerate.readReply(bytes, FACTS, untold);
      assert.ok(!("failure" in again));
      assert.deepEqual(json(again.choices[0]?.parts), json(parts));
      assert.equal(again.choices[0]?.finish, finish);
      assert.deepEqual(json(again.usage), json({ ...usage, total: usage.input + usage.output }));

      const streamed = eventsIn(written(eventsOf(parts, finish, usage)));
      const total = usage.input + usage.output;
      assert.deepEqual(json(streamed), json(eventsOf(parts, finish, { ...usage, total })));
    }),
    { numRuns: 300 },
  );
});

/** As JSON would carry it: records of fast-check have no prototype. */
function json(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** A stream in which each part comes in one piece. */
function eventsOf(
  parts: readonly Part[],
  finish: "stop" | "tool_calls",
  usage: NonNullable<Reply["usage"]>,
): readonly StreamEvent[] {
  return [
    { event: "start", id: "r", model: "m", createdS: FACTS.nowS },
    ...parts.flatMap((part, index): readonly StreamEvent[] => {
      if (part.kind !== "text" && part.kind !== "reasoning" && part.kind !== "tool_call") return [];
      return [
        { event: "part_start", choice: 0, part: index, begins: part },
        { event: "part_end", choice: 0, part: index },
      ];
    }),
    { event: "finish", choice: 0, finish, rawFinish: "STOP" },
    { event: "usage", usage },
    { event: "end" },
  ];
}
