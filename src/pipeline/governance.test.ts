import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Ask,
  answer,
  bytesOf,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  exchangeOf,
  onlyRecord,
  planOf,
  refusalIn,
  refusalOf,
  type Stage,
  send,
} from "../../test/support/pipeline.ts";
import { RegentError } from "../exchange/errors.ts";
import { headersFrom } from "../exchange/headers.ts";
import { ANONYMOUS } from "../exchange/identity.ts";
import type { JsonObject } from "../exchange/json.ts";

const policy = await compileAnswering();
const JSON_HEAD = { status: 200, headers: headersFrom([["content-type", "application/json"]]) };
const limited = (unit: "tokens" | "requests"): JsonObject => ({
  allow: true,
  limits: [{ key: "tenant:acme", unit, amount: 1_000, window: "1h" }],
});
const budgetOf = (stage: Stage) => stage.meter.budgets("acme").map(({ used, reserved }) => [used, reserved]);

const heldOrUsed = (stage: Stage) => budgetOf(stage).filter(([used, held]) => used !== 0 || held !== 0);

/** A stage whose policy waits until it is let go. */
function waitingStage() {
  const { promise, resolve: letGo } = Promise.withResolvers<void>();
  const { promise: asked, resolve: reached } = Promise.withResolvers<void>();
  const beforePolicy = () => {
    reached();
    return promise;
  };
  return { stage: createStage({ policy, beforePolicy }), asked, letGo };
}

describe("refuse", () => {
  test("words the refusal in the client's dialect, with all that a denial has", async () => {
    const stage = createStage({ policy });
    const exchange = exchangeOf(stage, { body: chatBody() });
    const governance = stage.governor.begin(exchange);
    const own = governance.refuse(new RegentError("config_mismatch", "The mode is wrong."));
    assert.deepEqual(refusalIn(own), { status: 500, code: "config_mismatch", message: "The mode is wrong." });
    assert.ok(own.headers.some(([name, value]) => name === "x-regent-decision-id" && value === exchange.id));
    governance.end("refused");
    const { verdict, end, status, reasons } = onlyRecord(stage);
    assert.deepEqual([verdict, end, status], ["deny", "refused", 500]);
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["config_mismatch"],
    );
  });

  test("stands when the step that it interrupts lets the request pass after all", async () => {
    for (const unit of ["tokens", "requests"] as const) {
      const { stage, asked, letGo } = waitingStage();
      const body = chatBody({ model: "default" });
      const governance = stage.governor.begin(exchangeOf(stage, { body, decide: limited(unit) }));
      await governance.requestHead(false);
      const running = governance.requestBody(bytesOf(body));
      await asked;
      const own = governance.refuse(new RegentError("policy_timeout"));
      letGo();
      // Whatever it gives, nobody hears of it.
      await running;
      governance.end("refused");
      const record = onlyRecord(stage);
      assert.equal(record.verdict, "deny");
      assert.equal(record.end, "refused");
      assert.equal(record.status, own.status);
      assert.ok(record.reasons.some(({ code }) => code === "policy_timeout"));
      assert.equal(record.charge, undefined);
      assert.equal(record.request.upstreamBodySha256, undefined);
      assert.deepEqual(heldOrUsed(stage), []);
    }
  });

  test("stands when the step that it interrupts passes an answer, whose usage counts", async () => {
    let waits = false;
    const { promise, resolve: letGo } = Promise.withResolvers<void>();
    const stage = createStage({ policy, beforePolicy: () => (waits ? promise : undefined) });
    const { governance } = await send(stage, { body: chatBody(), decide: limited("tokens") });
    await governance.responseHead(JSON_HEAD, false);
    waits = true;
    const running = governance.responseBody(bytesOf(completion()));
    governance.refuse(new RegentError("policy_timeout"));
    letGo();
    assert.equal((await running).kind, "pass");
    governance.end("refused");
    const record = onlyRecord(stage);
    assert.deepEqual([record.verdict, record.end, record.status], ["deny", "refused", 500]);
    assert.equal(record.charge?.tokens, 17);
    assert.deepEqual(budgetOf(stage), [[17, 0]]);
  });

  test("charges the prompt where the request had gone upstream already", async () => {
    const stage = createStage({ policy });
    const { governance } = await send(stage, { body: chatBody(), decide: limited("tokens") });
    governance.refuse(new RegentError("policy_timeout"));
    governance.end("refused");
    assert.equal(onlyRecord(stage).verdict, "deny");
    assert.deepEqual(onlyRecord(stage).charge, { tokens: 10, source: "estimated" });
  });
});

describe("the end of an exchange", () => {
  test("counts once, and what is open is counted until then", async () => {
    const stage = createStage({ policy });
    const first = await send(stage);
    const second = await send(stage);
    assert.equal(stage.governor.open(), 2);
    await answer(first, { body: completion() });
    first.governance.end("failed", 500);
    assert.equal(stage.governor.open(), 1);
    assert.deepEqual(
      stage.records.map(({ end, status }) => [end, status]),
      [["complete", 200]],
    );
    second.governance.end("aborted");
    assert.equal(stage.governor.open(), 0);
    assert.equal(stage.records[1]?.end, "aborted");
  });

  test("is none of Regent's refusals where a document was answered", async () => {
    const stage = createStage({ policy });
    await send(stage, { path: "/v1/models" });
    const { end, verdict, status } = onlyRecord(stage);
    assert.deepEqual([end, verdict, status], ["complete", "allow", 200]);
  });

  test("records what Envoy answered by itself, with its status and without a verdict", async () => {
    const stage = createStage({ policy });
    const governance = stage.governor.begin(exchangeOf(stage, { body: chatBody() }));
    await governance.requestHead(false);
    governance.end("local_reply", 413);
    const { end, verdict, status } = onlyRecord(stage);
    assert.deepEqual([end, verdict, status], ["local_reply", "none", 413]);
  });

  test("records no second time what ext_authz has refused", () => {
    const stage = createStage({ policy });
    const handOver = { decisionId: "d", allowed: false, identity: ANONYMOUS, revision: "r" };
    const governance = stage.governor.begin(exchangeOf(stage, { body: chatBody(), handOver }));
    governance.end("local_reply", 403);
    assert.deepEqual(stage.records, []);
    assert.equal(stage.governor.open(), 0);
  });

  test("gives back what was reserved, and settles it before anybody hears of the record", async () => {
    const stage = createStage({ policy });
    const sent = await send(stage, { body: chatBody(), decide: limited("tokens") });
    stage.rooms.telemetry.observe = () => {
      throw new Error("no telemetry today");
    };
    await assert.rejects(answer(sent, { body: completion() }), /no telemetry today/);
    assert.deepEqual(budgetOf(stage), [[17, 0]]);
    assert.equal(stage.records.length, 1);
  });
});

describe("ext_authz alone", () => {
  async function check(ask: Ask, truncated = false) {
    const stage = createStage({ policy });
    const exchange = exchangeOf(stage, { ...ask, protocol: "ext_authz" });
    const bytes = ask.body === undefined ? undefined : bytesOf(ask.body);
    return { stage, answered: await stage.governor.check(exchange, { bytes, truncated }) };
  }

  test("decides by the same policy, and records the decision at once without a charge", async () => {
    const { stage, answered } = await check({ body: chatBody(), decide: limited("requests") });
    assert.equal(new Map(planOf(answered).headers.set).get("x-regent-target"), "us");
    const { protocol, end, verdict, charge } = onlyRecord(stage);
    assert.deepEqual([protocol, end, verdict, charge], ["ext_authz", "complete", "allow", undefined]);
    assert.deepEqual(budgetOf(stage), [[1, 0]]);
    const denied = await check({ body: chatBody(), decide: { allow: false } });
    assert.equal(refusalOf(denied.answered).code, "policy_denied");
    assert.equal(onlyRecord(denied.stage).verdict, "deny");
    assert.equal(onlyRecord(denied.stage).end, "refused");
  });

  test("lets a stream pass, whose usage it could not count anyway", async () => {
    const { answered } = await check({ body: chatBody({ stream: true }) });
    assert.equal(planOf(answered).body, undefined);
  });

  test("refuses what it cannot carry out: a changed body or path, a budget of tokens, a body it saw a part of", async () => {
    const mask = { allow: true, redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "request" }] };
    const email = chatBody({ messages: [{ role: "user", content: "ann@example.org" }] });
    for (const ask of [
      { body: chatBody({ model: "default" }) },
      { path: "/v1beta/models/large:generateContent", body: { contents: [{ parts: [{ text: "Hi" }] }] } },
      { body: email, decide: mask },
      {
        body: chatBody(),
        decide: { allow: true, transform: { body_patch: [{ op: "add", path: "/seed", value: 1 }] } },
      },
      { body: chatBody(), decide: limited("tokens") },
    ]) {
      const { stage, answered } = await check(ask);
      assert.equal(answered.kind, "answer");
      assert.equal(onlyRecord(stage).reasons.at(-1)?.code, "obligation_unsupported");
      assert.equal(onlyRecord(stage).verdict, "deny");
      assert.equal(onlyRecord(stage).end, "refused");
      assert.deepEqual(heldOrUsed(stage), []);
    }
    assert.equal(refusalOf((await check({ body: chatBody() }, true)).answered).code, "config_mismatch");
  });

  test("refuses an inference endpoint without a body, a bad key, and everything while nothing can be recorded", async () => {
    assert.equal(refusalOf((await check({})).answered).code, "body_invalid");
    const bad: Ask = { body: chatBody(), credentials: false, headers: [["x-api-key", "unknown"]] };
    assert.equal(refusalOf((await check(bad)).answered).code, "credentials_invalid");
    const stage = createStage({ policy });
    stage.audit.fault = "full";
    const exchange = exchangeOf(stage, { body: chatBody() });
    const answered = await stage.governor.check(exchange, { bytes: bytesOf(chatBody()), truncated: false });
    assert.equal(refusalOf(answered).code, "audit_unavailable");
  });
});

describe("ext_authz in front of ext_proc", () => {
  test("tells who calls, or why nobody does, and records nothing", () => {
    const stage = createStage({ policy });
    const known = stage.governor.identify(exchangeOf(stage, {}));
    assert.ok("identity" in known);
    assert.equal(known.identity.tenant, "acme");
    const twice = stage.governor.identify(exchangeOf(stage, { headers: [["x-api-key", "x"]] }));
    assert.deepEqual(twice, { failed: "credentials_ambiguous" });
    assert.deepEqual(stage.records, []);
  });

  test("leaves a record of what it denied: who, by which policy, with which status", () => {
    const stage = createStage({ policy });
    const exchange = exchangeOf(stage, { protocol: "ext_authz" });
    stage.governor.recordDenial(exchange, { entrypoint: "envoy/authz/allow", status: 418, revision: "z9" });
    const record = onlyRecord(stage);
    assert.deepEqual(
      [record.verdict, record.end, record.status, record.revision],
      ["deny", "refused", 418, "z9"],
    );
    assert.equal(record.identity.tenant, "acme");
    assert.deepEqual(
      record.reasons.map(({ code, policy: by }) => [code, by]),
      [["ext_authz_denied", "envoy/authz/allow"]],
    );
    const nobody = exchangeOf(stage, { headers: [["x-api-key", "x"]] });
    stage.governor.recordDenial(nobody, { entrypoint: "e", status: 403, revision: "z9" });
    assert.equal(stage.records[1]?.identity.method, "none");
  });
});
