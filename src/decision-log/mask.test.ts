import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "../exchange/json.ts";
import type { Visible } from "./event.ts";
import { applyMask, MaskError, parseMaskRules } from "./mask.ts";

function visible(input: string, changes: Partial<Visible> = {}): Visible {
  return {
    input: Buffer.from(input),
    result: undefined,
    mappedResult: undefined,
    nondeterministic: undefined,
    erased: [],
    masked: [],
    custom: undefined,
    ...changes,
  };
}

function masked(
  input: string,
  rules: JsonValue,
): { input: string | undefined; erased: readonly string[]; masked: readonly string[] } {
  const { input: after, erased, masked: changed } = applyMask(visible(input), parseMaskRules(rules));
  return { input: after?.toString(), erased, masked: changed };
}

test("removes members and elements, and names what it removed", () => {
  assert.deepEqual(
    masked('{"a":{"b":1,"c":[1,2,3]}}', ["/input/a/b", "/input/a/c/1", "/input/a/gone", "/input/a/c/9"]),
    {
      input: '{"a":{"c":[1,3]}}',
      erased: ["/input/a/b", "/input/a/c/1"],
      masked: [],
    },
  );
});

test("removes elements of nested arrays and of an array that is the whole input", () => {
  assert.equal(masked('{"a":[[1,2]]}', ["/input/a/0/1"]).input, '{"a":[[1]]}');
  assert.equal(masked("[1,2]", ["/input/0"]).input, "[2]");
});

test("removes all of the input", () => {
  assert.deepEqual(masked('{"a":1}', ["/input", "/input/a"]), {
    input: undefined,
    erased: ["/input"],
    masked: [],
  });
});

test("puts values in, also where objects are missing on the way, but makes no elements", () => {
  const upsert = (path: string, value: JsonValue) => ({ op: "upsert", path, value });
  assert.deepEqual(
    masked('{"a":{"b":1},"c":[1]}', [
      upsert("/input/a/b", "**"),
      upsert("/input/x/y", 1),
      upsert("/input/c/0", null),
      upsert("/input/c/1", "no"),
      upsert("/input/c/1/d", "no"),
      upsert("/input/a/b/c", "no"),
    ]),
    {
      input: '{"a":{"b":"**"},"c":[null],"x":{"y":1}}',
      erased: [],
      masked: ["/input/a/b", "/input/x/y", "/input/c/0"],
    },
  );
  assert.equal(masked('{"a":1}', [upsert("/input", { all: "new" })]).input, '{"all":"new"}');
});

test("a rule without a value puts null in", () => {
  assert.equal(masked('{"a":1}', [{ op: "upsert", path: "/input/a" }]).input, '{"a":null}');
});

test("keeps numbers as they were written", () => {
  const numbers = '{"a":12345678901234567890,"b":1.10,"c":1e2,"d":-0,"e":0.1}';
  assert.equal(
    masked(numbers, [{ op: "upsert", path: "/input/x", value: 1 }]).input,
    `${numbers.slice(0, -1)},"x":1}`,
  );
  assert.deepEqual(masked(numbers, ["/input/a/rawJSON"]).erased, []);
});

test("__proto__ is a key like any other", () => {
  const { input } = masked('{"__proto__":{"secret":1}}', ["/input/__proto__/secret"]);
  assert.equal(input, '{"__proto__":{}}');
  assert.equal(
    masked("{}", [{ op: "upsert", path: "/input/__proto__/x", value: 1 }]).input,
    '{"__proto__":{"x":1}}',
  );
  assert.equal(({} as { x?: number }).x, undefined);
});

test("finds keys also by their escaped forms, which OPA would pass by in silence", () => {
  for (const path of ["/input/a b", "/input/a%20b"]) assert.equal(masked('{"a b":1}', [path]).input, "{}");
  for (const path of ["/input/a~1b", "/input/a%2Fb"]) assert.equal(masked('{"a/b":1}', [path]).input, "{}");
  assert.equal(masked('{"ü":1}', ["/input/ü"]).input, "{}");
  assert.deepEqual(masked('{"ü":1,"a:b+c":1}', ["/input/ü", "/input/a:b+c"]).erased, [
    "/input/%C3%BC",
    "/input/a:b+c",
  ]);
});

test("masks the result and the recorded values, and leaves the originals alone", () => {
  const result = { allow: true, token: "sesame" };
  const nondeterministic = { "rand.intn": { "[1]": 1 }, "time.now_ns": { "[]": 2 } };
  const after = applyMask(
    visible("{}", { result, nondeterministic }),
    parseMaskRules(["/result/token", "/nd_builtin_cache/rand.intn"]),
  );
  assert.deepEqual(after.result, { allow: true });
  assert.deepEqual(after.nondeterministic, { "time.now_ns": { "[]": 2 } });
  assert.equal(result.token, "sesame");
  assert.equal("rand.intn" in nondeterministic, true);
});

test("a part that is not there stays away, and a part that no rule names stays as it is", () => {
  const before = visible("{}", { input: undefined, result: [1] });
  const after = applyMask(
    before,
    parseMaskRules([{ op: "upsert", path: "/input/a", value: 1 }, "/nd_builtin_cache"]),
  );
  assert.deepEqual(after, before);
});

test("refuses what is no mask, and quotes nothing of it", () => {
  const bad: JsonValue[] = [
    null,
    { op: "remove", path: "/input/sesame" },
    [1],
    [["/input/sesame"]],
    ["sesame"],
    [""],
    ["/sesame"],
    ["/input/%sesame"],
    [{ op: "sesame", path: "/input/a" }],
    [{ path: "/input/sesame" }],
    [{ op: "remove" }],
    [{ op: "remove", path: 1 }],
    [{ op: "upsert", path: "", value: "sesame" }],
  ];
  for (const mask of bad) {
    assert.throws(
      () => parseMaskRules(mask),
      (error) => error instanceof MaskError && !error.message.includes("sesame"),
      JSON.stringify(mask),
    );
  }
});
