import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { inline, renderYaml } from "./note.ts";

test("text with a question mark is quoted in braces, where Envoy takes it for the mark of a key", () => {
  const value = { regex: String.raw`a/b(?:\+.*)?`, plain: "a/b", nested: [{ why: "how?" }] };
  const text = renderYaml(inline(value), "head");
  assert.match(text, /'a\/b\(\?:\\\+\.\*\)\?', plain: a\/b, nested: \[ \{ why: 'how\?' \} \]/);
  assert.deepEqual(parse(text), value);
});
