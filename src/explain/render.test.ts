import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../exchange/json.ts";
import { renderExplanation } from "./render.ts";

function shown(record: JsonObject): string {
  const base: JsonObject = { protocol: "ext_proc", time: "t", verdict: "allow", end: "complete" };
  const records = [{ place: "p", intact: true, record: { ...base, ...record } }];
  return renderExplanation({ id: "id-1", records, reasons: [], decisions: [], missing: [] });
}

test("shows each attempt to reach a target, how the last was translated, and what was found in the answer", () => {
  const text = shown({
    attempts: [
      { target: "us", status: 503, ms: 12.5 },
      { target: "claude", status: 200, translatedTo: "anthropic-messages", ms: 80 },
      { target: "eu", ms: 1 },
    ],
    translation: {
      from: "openai-chat",
      to: "anthropic-messages",
      warnings: ["dropped:/seed", "changed:/stop"],
    },
    answerFindings: [{ type: "EMAIL_ADDRESS", count: 2 }],
  });
  assert.match(text, /attempts +us 503 in 12\.5 ms, claude 200 in 80 ms as anthropic-messages, eu in 1 ms$/m);
  assert.match(text, /translated from openai-chat to anthropic-messages: dropped:\/seed changed:\/stop$/m);
  assert.match(text, /in answer EMAIL_ADDRESS 2$/m);
});

test("tells an answer in which nothing was found from one that nobody looked through", () => {
  assert.match(shown({ answerFindings: [] }), /in answer nothing$/m);
  assert.doesNotMatch(shown({}), /in answer|attempts|translated/);
});

test("says of a translation without a loss that there was none", () => {
  const text = shown({ translation: { from: "a", to: "b", warnings: [] } });
  assert.match(text, /translated from a to b: whole$/m);
});
