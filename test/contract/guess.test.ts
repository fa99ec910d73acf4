import assert from "node:assert/strict";
import { test } from "node:test";
import { guessFormat } from "../../src/formats/guess.ts";
import { FORMATS } from "../../src/formats/index.ts";
import { fixturesMissing, loadFixtures } from "./fixtures.ts";

/** Dialects with bodies that are the same in each: TensorFlow Serving speaks KServe v1, and OpenAI has one form of errors. */
const ALIKE: readonly ReadonlySet<string>[] = [
  new Set(["kserve-v1", "tfserving"]),
  new Set(["openai-chat", "openai-completions", "openai-embeddings", "openai-responses"]),
  new Set(["kserve-v2", "triton-generate", "kserve-v1", "tfserving"]),
];

for (const name of Object.keys(FORMATS)) {
  test(`${name}: is told by the body alone where a body shows it, and never taken for another dialect`, {
    skip: fixturesMissing(name) ?? false,
  }, (context) => {
    const missed: string[] = [];
    for (const { file, kind, body, headers, expected } of loadFixtures(name)) {
      const guessed = guessFormat(kind, body, headers) ?? "none";
      const isError = kind === "response" && expected.error !== null;
      const isAlike = ALIKE.some(
        (names, index) => (index === 0 || isError) && names.has(name) && names.has(guessed),
      );
      if (guessed !== name && !isAlike && expected.invalid === undefined) missed.push(`${file}: ${guessed}`);
    }
    context.diagnostic(`${name}: ${loadFixtures(name).length} bodies`);
    assert.deepEqual(missed, []);
  });
}
