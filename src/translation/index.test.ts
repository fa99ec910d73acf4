import assert from "node:assert/strict";
import { test } from "node:test";
import { FORMATS } from "../formats/index.ts";
import { TRANSLATIONS, translatorOf } from "./index.ts";

test("every pair that is listed has a translator of its name, and no other pair has one", () => {
  const listed = new Set(TRANSLATIONS.map(({ from, to }) => `${from} ${to}`));
  assert.equal(listed.size, TRANSLATIONS.length);
  for (const { name: from } of Object.values(FORMATS)) {
    for (const { name: to } of Object.values(FORMATS)) {
      const translator = translatorOf(from, to);
      assert.equal(translator !== undefined, listed.has(`${from} ${to}`), `${from} -> ${to}`);
      if (translator !== undefined) assert.deepEqual([translator.from, translator.to], [from, to]);
    }
  }
});
