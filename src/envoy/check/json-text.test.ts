import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JSON_NESTING_MAX, parseJsonText } from "./json-text.ts";
import { RequestParseError } from "./request-parse-error.ts";

function parse(text: string): string {
  return parseJsonText(Buffer.from(text));
}

/** JSON texts with repeated keys, spelt in different ways, and numbers and spaces of all kinds. */
const { value: json } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom("null", "1.10", "-0", "1e400", '"x"', '"\\u0041\\"}"', '""', "12345678901234567890"),
    tie("object"),
    tie("array"),
  ),
  object: fc
    .array(fc.tuple(fc.constantFrom('"a"', '"\\u0061"', '"b"', '"__proto__"', '"}"'), tie("value")), {
      maxLength: 5,
    })
    .map((members) => `{ ${members.map(([key, value]) => `${key} :${value}`).join(" , ")}}`),
  array: fc.array(tie("value"), { maxLength: 4 }).map((items) => `[${items.join("\n,")}\t]`),
}));

test("keeps of repeated keys the last one, at any depth and however they are spelt, and every number as it is written", () => {
  type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
  const exact = (text: string) =>
    (JSON.parse as (text: string, reviver: Reviver) => unknown)(text, (_key, value, { source }) =>
      typeof value === "number" ? `number ${source}` : value,
    );
  fc.assert(
    fc.property(json, (text) => {
      const kept = parse(text);
      assert.deepEqual(exact(kept), exact(text));
      assert.equal(countKeys(kept), countKeys(JSON.stringify(exact(text))));
    }),
    { numRuns: 2000 },
  );
});

/** Keys as they are written, repeated ones too: a colon follows them, and no string here holds one. */
function countKeys(text: string): number {
  return text.split(":").length;
}

test("gives back as it came what all readers take the same way", () => {
  const text = ' {"b" : 1.10,\n"a":[ -0 , 1E+2 ,"\\u00e9é"]} ';
  assert.equal(parse(text), text);
});

test("takes what Go takes behind a value, and nothing else", () => {
  for (const text of ['{"a":1} null', "1null", '"x" null, whatever', "null null"]) parse(text);
  for (const text of ["{} {}", "1 2", "[],", "1nul", '"x"y', "{}}", "truefalse"]) {
    assert.throws(() => parse(text), RequestParseError, text);
  }
});

test("refuses what is no JSON", () => {
  for (const text of [
    "",
    " ",
    "{",
    "[1,]",
    "{'a':1}",
    "01",
    "1.",
    "NaN",
    '"\t"',
    '"\\x"',
    "\u00a01",
    "[}",
    "nul",
  ]) {
    assert.throws(() => parse(text), RequestParseError, text);
  }
});

test("replaces bytes that are no UTF-8 and half surrogate pairs, and leaves whole pairs alone", () => {
  assert.equal(parseJsonText(Buffer.from([0x22, 0x61, 0xff, 0x22])), '"a\ufffd"');
  assert.equal(
    parse('"\\ud83d\\ude80 \\ude80\\ud83d \\\\ud800 \\uD83Dx"'),
    '"\\ud83d\\ude80 \ufffd\ufffd \\\\ud800 \ufffdx"',
  );
  assert.deepEqual(JSON.parse(parse('{"\\ud800":1}')), { "\ufffd": 1 });
});

test("reads as deep as Go and no deeper", () => {
  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
  assert.equal(parse(nested(JSON_NESTING_MAX)).length, 2 * JSON_NESTING_MAX);
  assert.throws(() => parse(nested(JSON_NESTING_MAX + 1)), /max depth/);
});

test("takes time in proportion to the text, whatever stands in it", () => {
  const bytes = Buffer.from(`{"a":0,${'"a":[1,{}],'.repeat(200_000)}"b":1}`);
  const started = performance.now();
  assert.equal(parseJsonText(bytes), '{"a":[1,{}],"b":1}');
  assert.ok(performance.now() - started < 5_000);
});
