import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KIND_STATUS } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { JsonValue } from "../exchange/json.ts";
import { parseDecision } from "./decision.ts";

const REVISION = "r1";
const REASON = {
  code: "model_retired",
  kind: "retired",
  message: "It is gone.",
  policy: "models/lifecycle",
  severity: "error",
};
const parse = (result: JsonValue | undefined) => parseDecision(result, REVISION);

/** Asserts a `policy_output_invalid` whose detail begins with the path. */
function assertInvalid(result: JsonValue | undefined, detail: string | RegExp): void {
  assert.throws(
    () => parse(result),
    (error) => {
      assert.ok(error instanceof RegentError);
      assert.equal(error.code, "policy_output_invalid");
      if (typeof detail === "string") assert.ok(error.detail?.startsWith(`${detail}: `), error.detail);
      else assert.match(error.detail ?? "", detail);
      return true;
    },
  );
}

describe("parseDecision", () => {
  test("denies by default: an empty object is a denial without reasons", () => {
    const decision = parse({});
    assert.equal(decision.allow, false);
    assert.deepEqual(decision.reasons, []);
    assert.equal(decision.status, undefined);
    assert.equal(decision.route.targets, undefined);
    assert.equal(decision.audit.level, "redacted");
    assert.equal(decision.response.inspect, false);
    assert.equal(decision.hold, undefined);
    assert.equal(decision.revision, REVISION);
  });

  test("reads every part of the contract", () => {
    const decision = parse({
      allow: true,
      reasons: [{ ...REASON, severity: "warning" }],
      redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "request" }],
      route: { model: "sim-large-2", targets: ["eu", "us"], headers: { "X-Tier": "gold" } },
      limits: [
        { key: "tenant:acme", unit: "tokens", amount: 2000, window: "1h" },
        { key: "tenant:acme", unit: "tokens", amount: 20_000, window: "1d" },
      ],
      transform: {
        set_headers: { Sunset: "Sat, 31 Jan 2026 00:00:00 GMT" },
        remove_headers: ["X-Debug"],
        set_query: { v: "" },
        body_patch: [{ op: "add", path: "/user", value: null }],
      },
      audit: { level: "digest", labels: { team: "research" } },
      hold: { approval: "legal" },
      response: { inspect: true, max_output_tokens: 100, stream_window_bytes: 512 },
    });
    assert.equal(decision.allow, true);
    assert.deepEqual(decision.route.targets, ["eu", "us"]);
    assert.deepEqual([...decision.route.headers], [["x-tier", "gold"]]);
    assert.deepEqual(
      decision.limits.map(({ windowMs }) => windowMs),
      [3_600_000, 86_400_000],
    );
    assert.deepEqual([...decision.transform.setHeaders], [["sunset", "Sat, 31 Jan 2026 00:00:00 GMT"]]);
    assert.deepEqual(decision.transform.removeHeaders, ["x-debug"]);
    assert.deepEqual(decision.transform.bodyPatch, [{ op: "add", path: "/user", value: null }]);
    assert.deepEqual(decision.hold, { approval: "legal" });
    assert.deepEqual(decision.response, { inspect: true, maxOutputTokens: 100, streamWindowBytes: 512 });
  });

  test("refuses what is no object, undefined first of all", () => {
    for (const result of [undefined, null, true, "allow", 1, [], [{ allow: true }]])
      assertInvalid(result, "the result");
  });

  test("refuses keys that are not part of the contract, at every level, and names them", () => {
    assertInvalid({ allowed: true }, "allowed");
    assertInvalid({ __proto__: null, allow: true, extra: 1 }, "extra");
    assertInvalid(JSON.parse('{"__proto__":{"allow":true}}') as JsonValue, "__proto__");
    assertInvalid({ reasons: [{ ...REASON, extra: 1 }] }, "reasons[0].extra");
    assertInvalid({ transform: { body: {} } }, "transform.body");
    assertInvalid({ route: { "odd key": 1 } }, 'route["odd key"]');
  });

  test("takes only true for an allow", () => {
    for (const allow of ["true", 1, [], {}, null]) assertInvalid({ allow }, "allow");
  });

  test("refuses an allow that comes with a reason to deny, but not with a warning", () => {
    assertInvalid({ allow: true, reasons: [REASON] }, "reasons[0]");
    assertInvalid({ allow: true, reasons: [{ ...REASON, severity: "warning" }, REASON] }, "reasons[1]");
    assert.equal(parse({ allow: true, reasons: [{ ...REASON, severity: "warning" }] }).allow, true);
  });

  test("takes every kind of the table and no other", () => {
    for (const kind of Object.keys(KIND_STATUS))
      assert.equal(parse({ reasons: [{ ...REASON, kind }] }).reasons[0]?.kind, kind);
    for (const kind of ["teapot", "toString", "", null, 403])
      assertInvalid({ reasons: [{ ...REASON, kind }] }, "reasons[0].kind");
  });

  test("needs every part of a reason", () => {
    for (const key of Object.keys(REASON)) {
      const { [key as keyof typeof REASON]: _, ...rest } = REASON;
      assertInvalid({ reasons: [rest] }, `reasons[0].${key}`);
    }
    assertInvalid({ reasons: [{ ...REASON, code: "two words" }] }, "reasons[0].code");
    assertInvalid({ reasons: [{ ...REASON, code: "a\r\nb" }] }, "reasons[0].code");
    assertInvalid({ reasons: REASON }, "reasons");
  });

  test("takes a status from 400 to 599: 100 or 200 would turn a denial into an answer", () => {
    for (const status of [400, 451, 599]) assert.equal(parse({ status }).status, status);
    for (const status of [100, 200, 399, 600, 403.5, "403", null]) assertInvalid({ status }, "status");
  });

  test("refuses two limits for the same key, unit and window, however they are written", () => {
    const limit = { key: "k", unit: "tokens", amount: 1, window: "60m" };
    assertInvalid({ limits: [limit, { ...limit, amount: 2, window: "1h" }] }, "limits[1]");
    assert.equal(parse({ limits: [limit, { ...limit, unit: "requests" }] }).limits.length, 2);
  });

  test("refuses limits that cannot be kept", () => {
    const limit = { key: "k", unit: "tokens", amount: 1, window: "1h" };
    for (const amount of [-1, 0.5, "1", Number.MAX_VALUE, null])
      assertInvalid({ limits: [{ ...limit, amount }] }, "limits[0].amount");
    for (const window of ["", "1", "0s", "1 h", "an hour", 60, null])
      assertInvalid({ limits: [{ ...limit, window }] }, "limits[0].window");
    assertInvalid({ limits: [{ ...limit, unit: "usd" }] }, "limits[0].unit");
    assertInvalid({ limits: [{ ...limit, key: "" }] }, "limits[0].key");
  });

  test("refuses targets that are there twice: an order of preference cannot say two things", () => {
    assertInvalid({ route: { targets: ["eu", "us", "eu"] } }, "route.targets[2]");
    assertInvalid({ route: { targets: ["eu", 1] } }, "route.targets[1]");
    assert.deepEqual(parse({ route: { targets: [] } }).route.targets, []);
    assertInvalid({ route: { strict: "yes" } }, "route.strict");
    assert.equal(parse({ route: { strict: true } }).route.strict, true);
  });

  test("refuses header names that are illegal or not policy's to change", () => {
    const names = [
      "",
      "a b",
      "a:b",
      "ü",
      "a\r\nb",
      ":path",
      "Host",
      "content-length",
      "Transfer-Encoding",
      "x-envoy-a",
      "X-Regent-Target",
      "connection",
    ];
    for (const name of names) {
      assertInvalid({ transform: { set_headers: { [name]: "v" } } }, /^transform\.set_headers/);
      assertInvalid({ route: { headers: { [name]: "v" } } }, /^route\.headers/);
      assertInvalid({ transform: { remove_headers: [name] } }, /^transform\.remove_headers\[0\]/);
    }
  });

  test("refuses header values that could split a message or would be changed on the way", () => {
    for (const value of ["a\r\nb", "a\nb", "a\0b", "\u0085", " a", "a ", "\ud800", 1, null, ["a"]])
      assertInvalid({ transform: { set_headers: { a: value } } }, /^transform\.set_headers/);
    for (const value of ["", "a\tb", "ü", "a, b"])
      assert.equal(parse({ transform: { set_headers: { a: value } } }).transform.setHeaders.get("a"), value);
  });

  test("refuses one header in two spellings", () => {
    assertInvalid({ transform: { set_headers: { "X-A": "1", "x-a": "2" } } }, 'transform.set_headers["x-a"]');
  });

  test("takes operations of RFC 6902 with exactly the members that they need", () => {
    const good = [
      { op: "remove", path: "/a~0b/~1/0" },
      { op: "move", path: "", from: "/a" },
      { op: "test", path: "/a", value: false },
    ];
    assert.deepEqual(parse({ transform: { body_patch: good } }).transform.bodyPatch, good);
    const bad: JsonValue[] = [
      { op: "remove", path: "/a", value: 1 },
      { op: "add", path: "/a" },
      { op: "copy", path: "/a" },
      { op: "add", path: "/a", value: 1, from: "/b" },
      { op: "add", path: "a", value: 1 },
      { op: "add", path: "/a~2", value: 1 },
      { op: "merge", path: "/a", value: 1 },
      { op: "add", path: "/a", value: 1, other: 1 },
    ];
    for (const operation of bad)
      assertInvalid({ transform: { body_patch: [operation] } }, /^transform\.body_patch\[0\]/);
  });

  test("refuses actions, places and levels that there are not", () => {
    const redaction = { type: "US_SSN", action: "mask", where: "both" };
    assertInvalid({ redact: [{ ...redaction, action: "delete" }] }, "redact[0].action");
    assertInvalid({ redact: [{ ...redaction, where: "everywhere" }] }, "redact[0].where");
    assertInvalid({ redact: [{ type: "US_SSN", action: "mask" }] }, "redact[0].where");
    assertInvalid({ audit: { level: "none" } }, "audit.level");
    assertInvalid({ audit: { labels: { a: 1 } } }, "audit.labels.a");
    assertInvalid({ hold: {} }, "hold.approval");
    assertInvalid({ hold: null }, "hold");
    assertInvalid({ response: { inspect: "yes" } }, "response.inspect");
    assertInvalid({ response: { max_output_tokens: 0 } }, "response.max_output_tokens");
  });

  test("never quotes a value, which may be the client's", () => {
    assert.throws(
      () => parse({ status: "the client's secret" }),
      (error) => !String((error as Error).message).includes("secret"),
    );
  });
});
