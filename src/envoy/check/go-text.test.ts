import assert from "node:assert/strict";
import { test } from "node:test";
import {
  goNumber,
  parseInt64,
  parseQuery,
  QUERY_PARAMETERS_MAX,
  textOfUtf8,
  unescapePath,
} from "./go-text.ts";
import { RequestParseError } from "./request-parse-error.ts";

test("writes doubles as Go does", () => {
  const written: [number, string][] = [
    [0, "0"],
    [-0, "-0"],
    [1, "1"],
    [-2.5, "-2.5"],
    [123456.789, "123456.789"],
    [999999, "999999"],
    [1e6, "1e+06"],
    [1234567.25, "1.23456725e+06"],
    [1700000000, "1.7e+09"],
    [9007199254740992, "9.007199254740992e+15"],
    [1.5e21, "1.5e+21"],
    [1e300, "1e+300"],
    [0.0001, "0.0001"],
    [0.00001, "1e-05"],
    [-2.5e-7, "-2.5e-07"],
    [5e-324, "5e-324"],
  ];
  for (const [value, text] of written) assert.equal(goNumber(value), text);
});

test("replaces each byte that is no part of a character, and no other", () => {
  const cases: [bytes: number[], text: string][] = [
    [[0x61, 0xff, 0x62], "a\ufffdb"],
    [[0xe2, 0x82], "\ufffd\ufffd"],
    [[0xe2, 0x82, 0xac], "€"],
    [[0xf0, 0x9f, 0x9a, 0x80, 0xf0, 0x9f], "🚀\ufffd\ufffd"],
    [[0xc0, 0xaf], "\ufffd\ufffd"],
    [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
    [[0xf5, 0x80], "\ufffd\ufffd"],
  ];
  for (const [bytes, text] of cases) assert.equal(textOfUtf8(Buffer.from(bytes)), text);
});

test("decodes paths once, and refuses what is no escape", () => {
  assert.equal(unescapePath("/a+b%2Fc%252F%c3%a9%ff"), "/a+b/c%2Fé\ufffd");
  for (const path of ["%", "/a%4", "/%zz", "/%é0"]) {
    assert.throws(() => unescapePath(path), RequestParseError, path);
  }
});

test("reads queries with all values of a name in order, and refuses semicolons and bad escapes", () => {
  const read = (text: string) => [...parseQuery(text)];
  assert.deepEqual(read(""), []);
  assert.deepEqual(read("a=1&&b=&a=2&c&=d&e=f=g&h+i=%2B+"), [
    ["a", ["1", "2"]],
    ["b", [""]],
    ["c", [""]],
    ["", ["d"]],
    ["e", ["f=g"]],
    ["h i", ["+ "]],
  ]);
  assert.throws(() => parseQuery("a;b"), RequestParseError);
  assert.throws(() => parseQuery("a=1&b=%"), RequestParseError);
});

test("refuses more parameters than the limit", () => {
  assert.equal(parseQuery("&".repeat(QUERY_PARAMETERS_MAX - 1)).size, 0);
  assert.throws(() => parseQuery("&".repeat(QUERY_PARAMETERS_MAX)), /exceeded limit/);
});

test("reads integers of 64 bits and nothing else", () => {
  assert.equal(parseInt64("+7"), 7n);
  assert.equal(parseInt64("-9223372036854775808"), -9223372036854775808n);
  assert.equal(parseInt64("9223372036854775807"), 9223372036854775807n);
  for (const text of ["", "+", "7.0", " 7", "0x7", "1_0", "٣"]) {
    assert.throws(() => parseInt64(text), /invalid syntax/, text);
  }
  for (const text of ["9223372036854775808", "-9223372036854775809", "9".repeat(100_000)]) {
    assert.throws(() => parseInt64(text), /value out of range/);
  }
});
