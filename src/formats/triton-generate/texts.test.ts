import assert from "node:assert/strict";
import { test } from "node:test";
import { answerTexts as predictionTexts } from "../tfserving/texts.ts";
import { answerTexts } from "./texts.ts";

test("the text of an answer goes on in the next event, each beam in a lane of its own", () => {
  const running = (lane: string) => ({ lane, name: "text_output" });
  assert.deepEqual(answerTexts.event({ text_output: "a", output_log_probs: [0], sequence_end: true }), {
    texts: [{ pointer: "/text_output", text: "a", continues: running("0") }],
    opaque: undefined,
    ended: ["0"],
  });
  const { texts, ended } = answerTexts.whole({ text_output: ["a", "b"], finish_reason: "stop", other: "c" });
  assert.deepEqual(texts, [
    { pointer: "/text_output/0", text: "a", continues: running("0") },
    { pointer: "/text_output/1", text: "b", continues: running("1") },
    { pointer: "/finish_reason", text: "stop" },
    { pointer: "/other", text: "c" },
  ]);
  assert.deepEqual(ended, ["0", "1"]);
});

test("tokens in an answer are opaque, and a reason that is to come ends nothing", () => {
  const { opaque, ended } = answerTexts.whole({ text_output: "a", token_ids: [1, 2], finish_reason: "None" });
  assert.deepEqual([opaque, ended], ["/token_ids", []]);
});

test("numbers of predictions say nothing, texts and names do, and bytes are opaque", () => {
  const { texts, opaque } = predictionTexts.whole({
    predictions: [{ "a b": [[1, 2], ["t"]], c: { b64: "aGk=" } }],
  });
  assert.deepEqual(texts, [
    { pointer: "/predictions/0/a b~#", text: "a b" },
    { pointer: "/predictions/0/a b/1/0", text: "t" },
  ]);
  assert.equal(opaque, "/predictions/0/c");
});
