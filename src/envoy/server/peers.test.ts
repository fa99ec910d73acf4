import assert from "node:assert/strict";
import { test } from "node:test";
import { PEER_URI_LENGTH_MAX, parsePeerPattern, uriNames } from "./peers.ts";

test("lets a star at the end stand for any rest and one elsewhere for one segment", () => {
  const cases: [pattern: string, uri: string, matches: boolean][] = [
    ["spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/sa/b", true],
    ["spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/sa/b/c", false],
    ["spiffe://td/ns/a/sa/b", "spiffe://td/ns/a/sa/B", false],
    ["spiffe://td/ns/a/*", "spiffe://td/ns/a/sa/b", true],
    ["spiffe://td/ns/a/*", "spiffe://td/ns/a/x", true],
    ["spiffe://td/ns/a/*", "spiffe://td/ns/a", false],
    ["spiffe://td/ns/a/*", "spiffe://td/ns/a/", false],
    ["spiffe://td/ns/a/*", "spiffe://td/ns/ab/c", false],
    ["spiffe://td/ns/a/*", "spiffe://td.evil/ns/a/c", false],
    ["spiffe://td/ns/*/sa/envoy", "spiffe://td/ns/x/sa/envoy", true],
    ["spiffe://td/ns/*/sa/envoy", "spiffe://td/ns/x/y/sa/envoy", false],
    ["spiffe://td/ns/*/sa/envoy", "spiffe://td/ns//sa/envoy", false],
    ["spiffe://td/*", "spiffe://td/x", true],
    ["spiffe://td/*", "spiffe://other/x", false],
  ];
  for (const [pattern, uri, matches] of cases) {
    assert.equal(parsePeerPattern(pattern)(uri), matches, `${pattern} ${uri}`);
  }
});

test("refuses patterns that would let in more than they look like", () => {
  for (const pattern of [
    "*",
    "spiffe://*",
    "spiffe://*/ns/a",
    "spiffe://td/ns-*",
    "spiffe://td*/x",
    "spiffe:*",
  ]) {
    assert.throws(() => parsePeerPattern(pattern), /whole segment of the path|no URI with a path/, pattern);
  }
});

test("takes no URI that is longer than a SPIFFE id may be", () => {
  const base = "spiffe://td/";
  const matches = parsePeerPattern("spiffe://td/*");
  assert.equal(matches(base + "x".repeat(PEER_URI_LENGTH_MAX - base.length)), true);
  assert.equal(matches(base + "x".repeat(PEER_URI_LENGTH_MAX - base.length + 1)), false);
});

test("reads URI names and lets no other name pose as one", () => {
  assert.deepEqual(uriNames(""), []);
  assert.deepEqual(uriNames("URI:spiffe://td/a"), ["spiffe://td/a"]);
  assert.deepEqual(uriNames("DNS:x, URI:spiffe://td/a, IP Address:127.0.0.1, URI:b"), ["spiffe://td/a", "b"]);
  assert.deepEqual(uriNames('DNS:"x, URI:spiffe://td/evil", URI:c'), ["c"]);
  assert.deepEqual(uriNames('DNS:"x\\", URI:spiffe://td/evil"'), []);
  assert.deepEqual(uriNames('URI:"spiffe://td/a\\u002c b", DNS:y'), ["spiffe://td/a, b"]);
  assert.deepEqual(uriNames('DNS:"never closed, URI:spiffe://td/evil'), []);
  assert.deepEqual(uriNames("nonsense"), []);
});
