import assert from "node:assert/strict";
import { test } from "node:test";
import type { Reason } from "../exchange/decision.ts";
import { type HeaderField, headersFrom } from "../exchange/headers.ts";
import type { JsonValue } from "../exchange/json.ts";
import { parseDecision } from "../policy/decision.ts";
import { planResponse } from "./response-plan.ts";

function plan(
  output: { readonly [key: string]: JsonValue } | undefined,
  headers: readonly HeaderField[] = [],
  reasons: readonly Reason[] = [],
  translationWarnings: readonly string[] = [],
) {
  const decision = output === undefined ? undefined : parseDecision({ allow: true, ...output }, "r");
  const head = { status: 200, headers: headersFrom(headers) };
  return planResponse({
    exchangeId: "id-1",
    head,
    decision,
    reasons,
    translationWarnings,
    metadata: { cost_usd: 1 },
  });
}

function warning(code: string, severity: Reason["severity"] = "warning"): Reason {
  return { code, kind: "content", message: "m", policy: "a/b", severity };
}

test("sets the decision id and removes what the upstream says under Regent's names, before policy was asked too", () => {
  const hostile = [
    ["X-Regent-Decision-Id", "forged"],
    ["x-regent-reason", "forged"],
    ["x-forwarded-client-cert", "forged"],
    ["server", "x"],
  ] as const;
  for (const output of [undefined, {}]) {
    const { headers, clearRouteCache, metadata, body } = plan(output, hostile);
    assert.deepEqual(headers.set, [["x-regent-decision-id", "id-1"]]);
    assert.deepEqual(headers.remove, ["x-regent-reason", "x-forwarded-client-cert"]);
    assert.equal(clearRouteCache, false);
    assert.deepEqual(metadata, { cost_usd: 1 });
    assert.equal(body, undefined);
  }
});

test("leaves the reason that Envoy gives for an answer of its own, and no other's", () => {
  const headers = headersFrom([
    ["x-regent-reason", "not_routed"],
    ["x-regent-target", "forged"],
  ]);
  for (const [origin, expected] of [
    ["envoy", ["x-regent-target"]],
    ["upstream", ["x-regent-reason", "x-regent-target"]],
    [undefined, ["x-regent-reason", "x-regent-target"]],
  ] as const) {
    const { remove } = planResponse({
      exchangeId: "id-1",
      head: { status: 503, headers, ...(origin === undefined ? {} : { origin }) },
      decision: undefined,
      reasons: [],
      translationWarnings: [],
      metadata: {},
    }).headers;
    assert.deepEqual(remove, expected);
  }
});

test("sets and removes what policy names, set winning over removed", () => {
  const transform = { set_headers: { Sunset: "2099", "x-a": "1" }, remove_headers: ["server", "x-a"] };
  const { headers } = plan({ transform });
  assert.deepEqual(
    new Map(headers.set),
    new Map([
      ["sunset", "2099"],
      ["x-a", "1"],
      ["x-regent-decision-id", "id-1"],
    ]),
  );
  assert.deepEqual(headers.remove, ["server"]);
});

test("refuses a header that is Regent's own", () => {
  const decision = parseDecision({ allow: true }, "r");
  const forged = {
    ...decision,
    transform: { ...decision.transform, setHeaders: new Map([["x-regent-reason", "x"]]) },
  };
  const head = { status: 200, headers: headersFrom([]) };
  const facts = {
    exchangeId: "id",
    head,
    decision: forged,
    reasons: [],
    translationWarnings: [],
    metadata: {},
  };
  assert.throws(() => planResponse(facts), { code: "policy_output_invalid" });
});

test("tells the client what policy warns of: each code once, ten of them, and no error", () => {
  const value = (reasons: Reason[]) => new Map(plan({}, [], reasons).headers.set).get("x-regent-warning");
  assert.equal(value([]), undefined);
  assert.equal(value([warning("old"), warning("large"), warning("old")]), "old, large");
  assert.equal(value([warning("no", "error")]), undefined);
  const many = Array.from({ length: 11 }, (_, index) => warning(`w${index}`));
  assert.equal(value(many), "w0, w1, w2, w3, w4, w5, w6, w7, w8, w9");
});

test("tells the client what a translation lost, in a header that stays short", () => {
  const value = (warnings: string[]) =>
    new Map(plan({}, [["x-regent-translation-warnings", "forged"]], [], warnings).headers.set).get(
      "x-regent-translation-warnings",
    );
  assert.equal(value([]), undefined);
  assert.equal(value(["dropped:/seed", "changed:/stop"]), "dropped:/seed, changed:/stop");
  const long = value(Array.from({ length: 1_000 }, (_, index) => `dropped:/messages/${index}/name`));
  assert.ok(long !== undefined && long.length < 1_100 && long.endsWith(", more"), long);
  assert.equal(value([`dropped:/${"%F0".repeat(400)}`, "dropped:/seed"]), "more");
});
