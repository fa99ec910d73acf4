import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answer, plan } from "../../../test/envoy/support/fake-governor.ts";
import { headersFrom } from "../../exchange/headers.ts";
import {
  declaredLength,
  MESSAGE_HEADER_BYTES_MAX,
  MESSAGE_HEADERS_MAX,
  ownAnswerFault,
  planFault,
} from "./header-rules.ts";

const NONE = new Map();
const numbered = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, "v"]));

test("takes what Regent sets itself, and the length of the body it puts in", () => {
  const body = Buffer.from("hello");
  const own = plan({ "x-regent-tenant": "acme", "content-length": "5" }, { body, remove: ["authorization"] });
  assert.equal(planFault(own, headersFrom([["authorization", "x"]])), undefined);
  assert.equal(planFault(plan({ "X-Upper": "a\tb", "x-empty": "", "x-utf8": "é" }), NONE), undefined);
});

test("A.13: refuses names that frame or route a message, in any case, set or removed", () => {
  const names = [
    "host",
    "Host",
    ":path",
    ":authority",
    "transfer-encoding",
    "Connection",
    "upgrade",
    "te",
    "expect",
  ];
  for (const name of [...names, "x-envoy-retry-on", "X-Envoy-Foo", "", "a b", "a:b", "a\r\nb", "naïve"]) {
    assert.ok(planFault(plan({ [name]: "v" }), NONE), `set ${name}`);
    assert.ok(planFault(plan({}, { remove: [name] }), NONE), `remove ${name}`);
    const own = { ...answer(403, {}), headers: [[name, "v"] as const] };
    assert.ok(ownAnswerFault(own), `own ${name}`);
  }
});

test("A.13: refuses control characters in values, other than tab", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xff }), (code) => {
      const value = `a${String.fromCharCode(code)}b`;
      const control = (code < 0x20 && code !== 9) || (code >= 0x7f && code < 0xa0);
      assert.equal(planFault(plan({ "x-a": value }), NONE) !== undefined, control);
    }),
  );
});

test("refuses a content-length that is not the body's, and any where there is no body", () => {
  const body = Buffer.from("hello");
  assert.ok(planFault(plan({ "content-length": "4" }, { body }), NONE));
  assert.ok(planFault(plan({ "content-length": "5" }), NONE));
  assert.ok(ownAnswerFault({ ...answer(403, {}), headers: [["content-length", "2"]] }));
});

test("A.12: counts the fields that result, those of HTTP/2's pseudo-headers among them", () => {
  const room = MESSAGE_HEADERS_MAX - 4;
  assert.equal(planFault(plan(numbered(room)), NONE), undefined);
  assert.ok(planFault(plan(numbered(room + 1)), NONE));
  const present = headersFrom([
    ["a", "1"],
    ["a", "2"],
    ["b", "1"],
  ]);
  assert.equal(planFault(plan(numbered(room - 3)), present), undefined);
  assert.ok(planFault(plan(numbered(room - 2)), present));
  // What is removed or overwritten makes room.
  assert.equal(planFault(plan(numbered(room - 1), { remove: ["a"] }), present), undefined);
  assert.equal(planFault(plan({ ...numbered(room - 2), a: "3" }), present), undefined);
});

test("A.12: counts the removals, and the bytes of names and values", () => {
  const remove = (count: number) => plan({}, { remove: Object.keys(numbered(count)) });
  assert.equal(planFault(remove(MESSAGE_HEADERS_MAX), NONE), undefined);
  assert.ok(planFault(remove(MESSAGE_HEADERS_MAX + 1), NONE));
  const room = MESSAGE_HEADER_BYTES_MAX - "big".length;
  assert.equal(planFault(plan({ big: "x".repeat(room) }), NONE), undefined);
  assert.ok(planFault(plan({ big: "x".repeat(room + 1) }), NONE));
  assert.ok(planFault(plan({ big: "é".repeat(room / 2 + 1) }), NONE));
  assert.ok(planFault(plan({ big: "x".repeat(room) }), headersFrom([["a", "b"]])));
});

test("A.14: takes own answers of status 200 to 599 only", () => {
  for (const status of [200, 403, 599]) assert.equal(ownAnswerFault(answer(status, {})), undefined);
  for (const status of [-1, 0, 100, 199, 600, 999, 200.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.ok(ownAnswerFault(answer(status, {})), String(status));
});

test("reads a declared length where there is one, and only one", () => {
  assert.equal(declaredLength(headersFrom([["content-length", "12"]])), "12");
  assert.equal(declaredLength(NONE), undefined);
  assert.equal(
    declaredLength(
      headersFrom([
        ["content-length", "1"],
        ["content-length", "2"],
      ]),
    ),
    undefined,
  );
  assert.equal(declaredLength(headersFrom([["content-length", "0x1"]])), undefined);
});
