import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "./inspect.ts";

const SMALL = 128 * 1024;
const FACTOR = 8;
/** Eight times the text takes eight times as long; with the square of its length it would take 64 times as long. */
const RATIO_MAX = 28;

/** Texts that make a detector which looks back, looks ahead or starts over do it everywhere. */
const HOSTILE: { readonly [name: string]: string } = {
  "one long local part": "a",
  "long local parts": `${"a".repeat(70)}@`,
  "at signs": "@",
  "domains that never end": "a@b.",
  addresses: "a@b.co ",
  "one long number": "7",
  "single digits": "1 ",
  "card-like groups": "4111 ",
  dots: ".",
  "dotted digits": "1.",
  "social security numbers": "536-22-1234 ",
  "plus signs": "+1 ",
  "international groups": "+1 2 3 4 5 6 7 8 ",
  parentheses: "(212) ",
  "telephone numbers": "212-736-5000 ",
  "heads of account numbers": "DE12 ",
  "token prefixes": "sk-",
  "token prefixes with digits": "sk-a1b2c3d4e5",
  "heads of web tokens": "eyJ-",
  "heads of web tokens with dots": "eyJ.",
  "heads of private keys": "-----BEGIN PRIVATE KEY-----",
  "broken heads of private keys": "-----BEGIN ",
  "heads of URLs": "x://a:b",
  "characters that are not seen": "4\u200b",
};

/** Processor time, milliseconds, the least of three: other work on the machine does not count. */
function costMs(text: string): number {
  const costs = [1, 2, 3].map(() => {
    const before = process.cpuUsage();
    inspect([{ pointer: "/a", text, role: "user" }]);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1_000;
  });
  return Math.min(...costs);
}

for (const [name, unit] of Object.entries(HOSTILE)) {
  test(`takes time in proportion to the length of ${name}`, () => {
    const text = (length: number) => unit.repeat(Math.ceil(length / unit.length));
    const small = costMs(text(SMALL));
    const large = costMs(text(SMALL * FACTOR));
    // Below a few milliseconds the clock is too coarse for a ratio, and nothing is the square of anything.
    const ratio = large / Math.max(small, 3);
    assert.ok(
      ratio < RATIO_MAX,
      `${small.toFixed(1)} ms for ${SMALL} units, ${large.toFixed(1)} ms for ${FACTOR} times that`,
    );
  });
}
