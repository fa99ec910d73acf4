import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { inspect } from "./inspect.ts";
import { maskText } from "./mask.ts";

const mask = () => "mask" as const;
const hash = () => "hash" as const;

function findings(text: string) {
  return inspect([{ pointer: "/a", text, role: "user" }]);
}

function finding(start: number, end: number, type = "T") {
  return { type, score: 1, pointer: "/a", start, end };
}

test("puts the name of the type in place of what was found", () => {
  const text = "Mail ann@example.com, card 4111 1111 1111 1111 😀, mail bob@example.com";
  assert.equal(
    maskText(text, findings(text), mask),
    "Mail <EMAIL_ADDRESS>, card <CREDIT_CARD> 😀, mail <EMAIL_ADDRESS>",
  );
});

test("leaves nothing to find in what it has masked", () => {
  const text = "a ann@example.com 536-22-1234 DE89370400440532013000 +49 30 123456 b";
  const masked = maskText(text, findings(text), mask);
  assert.deepEqual(findings(masked), []);
  assert.match(masked, /^a <.*> b$/);
});

test("hashes equal values alike and others apart, and only for one key", () => {
  const text = "ann@example.com bob@example.com ann@example.com";
  const key = randomBytes(32);
  const hashed = (using?: Buffer) => maskText(text, findings(text), hash, using).split(" ");
  const [first, second, third] = hashed(key);
  assert.match(first ?? "", /^<EMAIL_ADDRESS:[0-9a-f]{16}>$/);
  assert.equal(first, third);
  assert.notEqual(first, second);
  assert.notEqual(hashed(randomBytes(32))[0], first);
  assert.deepEqual(hashed(), hashed());
});

test("chooses the action by type", () => {
  const text = "ann@example.com 536-22-1234";
  const masked = maskText(text, findings(text), (type) => (type === "US_SSN" ? "mask" : "hash"));
  assert.match(masked, /^<EMAIL_ADDRESS:[0-9a-f]{16}> <US_SSN>$/);
});

test("takes findings in any order, and the whole of those that overlap", () => {
  const text = "0123456789";
  assert.equal(maskText(text, [finding(6, 8), finding(1, 3)], mask), "0<T>345<T>89");
  assert.equal(maskText(text, [finding(2, 9, "B"), finding(1, 4, "A")], mask), "0<A>9");
  assert.equal(maskText(text, [finding(3, 4, "B"), finding(1, 8, "A")], mask), "0<A>89");
  assert.equal(maskText(text, [finding(1, 3), finding(3, 5)], mask), "0<T><T>56789");
  assert.equal(maskText(text, [], mask), text);
});
