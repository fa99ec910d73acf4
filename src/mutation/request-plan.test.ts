import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import type { Exchange } from "../exchange/exchange.ts";
import { type HeaderField, headersFrom } from "../exchange/headers.ts";
import type { JsonValue } from "../exchange/json.ts";
import type { Candidate, Target } from "../exchange/model.ts";
import { BODY_HEADERS, CREDENTIAL_HEADERS, isReservedHeader, REREADING_HEADERS } from "../exchange/names.ts";
import { type Permit, permit } from "../exchange/permit.ts";
import { parseDecision } from "../policy/decision.ts";
import { planRequest, type RequestPlanFacts } from "./request-plan.ts";

function permitOf(output: { readonly [key: string]: JsonValue } = {}): Permit {
  const permitted = permit(parseDecision({ allow: true, ...output }, "r"));
  assert.ok(permitted);
  return permitted;
}

function exchangeWith(headers: readonly HeaderField[] = []): Exchange {
  const path = "/v1/chat/completions";
  const line = { method: "POST", scheme: "https", host: "h", path, pathname: path, query: undefined };
  const request = { ...line, headers: headersFrom(headers), clientRequestId: undefined };
  return { id: "id-1", protocol: "ext_proc", startedAtMs: 0, request, source: {}, destination: {} };
}

function candidateWith(key?: string): Candidate {
  const target: Target = {
    name: "eu",
    cluster: "eu",
    region: "eu",
    provider: "sim",
    format: "openai-chat",
    ...(key === undefined ? {} : { key: { reveal: () => key } }),
  };
  const version = { name: "large-1", weight: 1, targets: [target] };
  return { model: { name: "large", stage: "active", versions: [version] }, version, target };
}

const UNCHANGED = { body: undefined, headers: [], pathname: undefined };

function plan(facts: Partial<RequestPlanFacts> = {}) {
  return planRequest({
    permit: permitOf(),
    exchange: exchangeWith(),
    identity: { tenant: "acme", roles: [], claims: {}, method: "api_key" },
    candidate: candidateWith(),
    rewritten: UNCHANGED,
    contentType: "application/json",
    ...facts,
  });
}

test("labels what was read as JSON so that no server reads it as anything else", () => {
  const labelled = (...types: string[]) => {
    const exchange = exchangeWith(types.map((type): HeaderField => ["content-type", type]));
    return plan({ exchange }).headers.set.find(([name]) => name === "content-type")?.[1];
  };
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/json ;x=1"])
    assert.equal(labelled(type), undefined, type);
  for (const type of ["application/x-www-form-urlencoded", "text/plain", "application/jsonp", ""])
    assert.equal(labelled(type), "application/json", type);
  assert.equal(labelled("application/json", "text/plain"), "application/json");
  assert.equal(
    plan({ candidate: undefined, contentType: undefined }).headers.set.some(
      ([name]) => name === "content-type",
    ),
    false,
  );
});

test("takes away what makes some servers read another method, path or destination", () => {
  const sent: HeaderField[] = REREADING_HEADERS.map((name) => [name, "DELETE"]);
  const { remove } = plan({ exchange: exchangeWith(sent) }).headers;
  for (const name of REREADING_HEADERS) assert.ok(remove.includes(name), name);
});

test("says where it goes, for whom, and under which decision", () => {
  const { headers, metadata, clearRouteCache } = plan();
  assert.deepEqual(headers.set, [
    ["x-regent-decision-id", "id-1"],
    ["x-regent-tenant", "acme"],
    ["x-regent-target", "eu"],
    ["content-type", "application/json"],
  ]);
  assert.equal(clearRouteCache, true);
  assert.deepEqual(metadata, {
    decision_id: "id-1",
    tenant: "acme",
    model: "large",
    model_version: "large-1",
    target: "eu",
  });
});

test("says nothing of a tenant or a target where there is none, and removes what a client says of them", () => {
  const forged = exchangeWith([
    ["x-regent-tenant", "globex"],
    ["x-regent-target", "eu"],
  ]);
  const identity = { roles: [], claims: {}, method: "none" } as const;
  const { headers, metadata } = plan({
    exchange: forged,
    identity,
    candidate: undefined,
    contentType: undefined,
  });
  assert.deepEqual(headers.set, [["x-regent-decision-id", "id-1"]]);
  for (const name of ["x-regent-tenant", "x-regent-target"]) assert.ok(headers.remove.includes(name));
  assert.deepEqual(metadata, { decision_id: "id-1" });
});

test("ends a client's credentials here, and gives no target's key: that is added at its cluster", () => {
  const key = randomBytes(16).toString("hex");
  for (const { headers, metadata } of [plan(), plan({ candidate: candidateWith(key) })]) {
    for (const name of CREDENTIAL_HEADERS) assert.ok(headers.remove.includes(name), name);
    assert.ok(!JSON.stringify([headers, metadata]).includes(key));
  }
});

test("asks for an answer that can be read, where it will be", () => {
  assert.ok(plan().headers.remove.includes("accept-encoding"));
  // A part of an answer need not have its usage.
  const masked = exchangeWith([["x-goog-fieldmask", "candidates"]]);
  assert.ok(plan({ exchange: masked }).headers.remove.includes("x-goog-fieldmask"));
  assert.ok(!plan({ contentType: undefined }).headers.remove.includes("accept-encoding"));
});

test("describes the new bytes of a body, and leaves the description of unchanged ones alone", () => {
  const body = Buffer.from("héllo");
  const changed = plan({ rewritten: { ...UNCHANGED, body } });
  assert.equal(changed.body, body);
  assert.equal(new Map(changed.headers.set).get("content-length"), "6");
  const same = plan();
  assert.ok(!Object.hasOwn(same, "body"));
  assert.ok(!new Map(same.headers.set).has("content-length"));
  for (const name of BODY_HEADERS) {
    assert.ok(changed.headers.remove.includes(name), name);
    assert.ok(!same.headers.remove.includes(name), name);
  }
});

test("refuses a header that is Regent's own, or that policy gives two values", () => {
  const decision = permitOf().decision;
  // The contract's parser refuses these too; a decision from elsewhere must not get through either.
  for (const name of ["x-regent-target", "x-regent-anything", "x-forwarded-client-cert"]) {
    const forged = new Map([[name, "x"]]);
    for (const changed of [
      { ...decision, transform: { ...decision.transform, setHeaders: forged } },
      { ...decision, route: { headers: forged } },
    ])
      assert.throws(() => plan({ permit: { ...permitOf(), decision: changed } }), {
        code: "policy_output_invalid",
      });
  }
  const twice = (other: string) =>
    permitOf({ route: { headers: { "x-a": "1" } }, transform: { set_headers: { "X-A": other } } });
  assert.throws(() => plan({ permit: twice("2") }), { code: "policy_output_invalid" });
  assert.equal(new Map(plan({ permit: twice("1") }).headers.set).get("x-a"), "1");
});

const NAME = fc.constantFrom("x-a", "x-b", "cookie", "accept-encoding", "etag", "authorization");

test("names no header twice, neither among what is set nor in both lists, and lets through no forged one", () => {
  const headers = fc.array(
    fc.tuple(
      fc.oneof(NAME, fc.constantFrom("x-regent-x", "X-Regent-Target", "x-forwarded-client-cert")),
      fc.constant("v"),
    ),
  );
  const changes = fc.dictionary(NAME, fc.constant("v"));
  const removed = fc.uniqueArray(NAME);
  fc.assert(
    fc.property(
      headers,
      changes,
      changes,
      removed,
      fc.boolean(),
      fc.boolean(),
      (sent, routed, set, remove, body, keyed) => {
        const result = plan({
          exchange: exchangeWith(sent),
          permit: permitOf({
            route: { headers: routed },
            transform: { set_headers: set, remove_headers: remove },
          }),
          rewritten: { ...UNCHANGED, body: body ? Buffer.from("{}") : undefined },
          candidate: candidateWith(keyed ? "k" : undefined),
        }).headers;
        const names = [...result.set.map(([name]) => name), ...result.remove];
        assert.equal(new Set(names).size, names.length);
        for (const [name] of sent)
          if (isReservedHeader(name.toLowerCase())) assert.ok(names.includes(name.toLowerCase()), name);
      },
    ),
  );
});
