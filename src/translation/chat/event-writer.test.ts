import assert from "node:assert/strict";
import { test } from "node:test";
import type { StreamEvent } from "./conversation.ts";
import { type EventsWriter, eventWriter, singleAnswerWriter } from "./event-writer.ts";

/** Writes the name of each event, and what was reported up to it. */
const NAMES: EventsWriter = {
  start: ({ id = "" }, usage) => Buffer.from(`start(${id},${usage?.input}) `),
  begin: ({ choice, part }) => Buffer.from(`begin(${choice},${part}) `),
  add: (_place, text) => Buffer.from(`${text} `),
  sign: () => undefined,
  endPart: () => undefined,
  finish: () => undefined,
  fail: (_failure, usage) => Buffer.from(`fail(${usage?.input}) `),
  end: (usage) => Buffer.from(`end(${usage?.input},${usage?.output}) `),
};
const text = { kind: "text", text: "" } as const;
const FAILURE: StreamEvent = {
  event: "failure",
  failure: { status: 500, type: "t", code: null, message: "m" },
};

function said(write: (event: StreamEvent) => Buffer, ...events: readonly StreamEvent[]): string {
  return events.map((event) => write(event).toString()).join("");
}

test("usage is kept for the end, member by member, and says nothing by itself", () => {
  const { write } = eventWriter(NAMES);
  const usages = [{ input: 1 }, { output: 2 }, { input: 3 }].map(
    (usage) => ({ event: "usage", usage }) as const,
  );
  assert.equal(said(write, ...usages, { event: "end" }), "end(3,2) ");
});

test("a dialect that answers once gets one start, before its first part", () => {
  const warned: string[] = [];
  const open = () => singleAnswerWriter(NAMES, "it answers once", ({ member }) => warned.push(member)).write;
  const begin: StreamEvent = { event: "part_start", choice: 0, part: 0, begins: text };
  const start: StreamEvent = { event: "start", id: "i" };
  assert.equal(said(open(), start, begin, start), "start(i,undefined) begin(0,0) ");
  assert.equal(
    said(open(), { event: "usage", usage: { input: 1 } }, begin, begin),
    "start(,1) begin(0,0) begin(0,0) ",
  );
  assert.equal(said(open(), { event: "end" }), "start(,undefined) end(undefined,undefined) ");
  assert.equal(said(open(), FAILURE), "fail(undefined) ");
  assert.deepEqual(warned, []);
  const other = { choice: 1, part: 0 };
  const lost = said(
    open(),
    { event: "part_start", ...other, begins: text },
    { event: "delta", ...other, text: "lost" },
  );
  assert.deepEqual([lost, warned], ["", ["/choices", "/choices"]]);
});
