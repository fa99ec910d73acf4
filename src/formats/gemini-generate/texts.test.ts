import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "../../exchange/json.ts";
import { answerTexts } from "./texts.ts";

const piece = (parts: readonly object[], more: object = {}): JsonValue =>
  JSON.parse(JSON.stringify({ candidates: [{ content: { role: "model", parts }, ...more }] })) as JsonValue;

test("finds every text of an answer, and which of them go on in the next event", () => {
  const { texts, ended, opaque } = answerTexts.whole(
    piece(
      [
        { text: "said", thoughtSignature: "c2ln" },
        { text: "thought", thought: true },
        {
          functionCall: {
            name: "f",
            args: { Key: "value" },
            partialArgs: [{ jsonPath: "$.a", stringValue: "grows" }],
          },
        },
        { executableCode: { language: "PYTHON", code: "1+1" } },
      ],
      {
        index: 2,
        finishReason: "STOP",
        groundingMetadata: {
          webSearchQueries: ["query"],
          groundingSupports: [{ groundingChunkIndices: [0], confidenceScores: [0.5] }],
        },
      },
    ),
  );
  const at = "/candidates/0/content/parts";
  const running = texts.filter(({ continues }) => continues !== undefined);
  assert.deepEqual(running, [
    { pointer: `${at}/0/text`, text: "said", continues: { lane: "2", name: "text" } },
    { pointer: `${at}/1/text`, text: "thought", continues: { lane: "2", name: "thought" } },
    {
      pointer: `${at}/2/functionCall/partialArgs/0/stringValue`,
      text: "grows",
      continues: { lane: "2", name: "args/$.a" },
    },
  ]);
  const others = texts.filter(({ continues }) => continues === undefined).map(({ text }) => text);
  for (const text of ["f", "Key", "value", "1+1", "query", "STOP", "PYTHON", "$.a"])
    assert.ok(others.includes(text), text);
  assert.ok(!others.includes("c2ln"));
  assert.deepEqual([ended, opaque], [["2"], undefined]);
});

test("reads an array of pieces piece by piece", () => {
  const { texts } = answerTexts.whole([piece([{ text: "Hel" }]), piece([{ text: "lo" }])]);
  const running = texts.filter(({ continues }) => continues?.name === "text");
  assert.deepEqual(
    running.map(({ pointer, text }) => [pointer, text]),
    [
      ["/0/candidates/0/content/parts/0/text", "Hel"],
      ["/1/candidates/0/content/parts/0/text", "lo"],
    ],
  );
});

test("says what is said in another form than text", () => {
  const image = answerTexts.whole(piece([{ inlineData: { mimeType: "image/png", data: "ZGF0YQ==" } }]));
  assert.equal(image.opaque, "/candidates/0/content/parts/0/inlineData");
  const tokens = answerTexts.whole(piece([], { logprobsResult: { chosenCandidates: [{ token: "t" }] } }));
  assert.equal(tokens.opaque, "/candidates/0/logprobsResult");
});

test("loses no text of what it does not know", () => {
  const odd = {
    candidates: [5, "a", { content: "b" }, { content: { parts: ["c", { NewPart: { deep: ["d"] } }] } }],
    Other: "e",
  };
  const texts = answerTexts.whole(odd as JsonValue).texts.map(({ text }) => text);
  for (const text of ["a", "b", "c", "d", "e", "NewPart", "Other"]) assert.ok(texts.includes(text), text);
  assert.deepEqual(answerTexts.whole("plain").texts, [{ pointer: "", text: "plain" }]);
});
