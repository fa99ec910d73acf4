import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answer,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  onlyRecord,
  planOf,
  refusalIn,
  refusalOf,
  type StageOptions,
  send,
  TRAP_ENTRYPOINT,
} from "../../test/support/pipeline.ts";
import { KIND_STATUS } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { JsonValue } from "../exchange/json.ts";

const policy = await compileAnswering();

function reason(code: string, kind = "permission", severity = "error") {
  return { code, kind, message: `Because of ${code}.`, policy: "test/rule", severity };
}

/** How a request is refused for which policy answers this: status, code, and that the record says so. */
async function refused(decide: JsonValue, options: Partial<StageOptions> = {}): Promise<string> {
  const stage = createStage({ policy, ...options });
  const sent = await send(stage, { body: chatBody(), decide });
  const { status, code } = refusalOf(sent.answer);
  const record = onlyRecord(stage);
  assert.equal(record.verdict, "deny");
  assert.equal(record.end, "refused");
  assert.equal(record.status, status);
  assert.equal(record.charge, undefined);
  assert.deepEqual(stage.observed, [record]);
  return `${status} ${code}`;
}

test("lets a request pass where policy says allow: true, and the permit holds that decision", async () => {
  const stage = createStage({ policy });
  const { answer: answered } = await send(stage, { body: chatBody(), decide: { allow: true } });
  assert.ok(answered.kind === "pass");
  assert.equal(answered.permit.decision.allow, true);
});

test("refuses whatever else policy says of allow", async () => {
  for (const decide of [{}, { allow: false }, { reasons: [] }])
    assert.equal(await refused(decide), "403 policy_denied", JSON.stringify(decide));
  for (const allow of ["true", 1, null, [], {}])
    assert.equal(await refused({ allow }), "500 policy_output_invalid", JSON.stringify(allow));
});

test("refuses a decision whose allow is not true itself, however it was parsed", async () => {
  for (const allow of ["true", 1, {}, undefined, null]) {
    const stage = createStage({ policy });
    const { parseDecision } = stage.rooms.policy;
    Object.assign(stage.rooms.policy, {
      parseDecision: () => ({ ...parseDecision({ allow: true }, "r"), allow }),
    });
    assert.equal(refusalOf((await send(stage)).answer).code, "policy_denied", String(allow));
  }
});

test("refuses where policy is undefined or answers no decision", async () => {
  for (const decide of [
    null,
    true,
    "allow",
    [],
    { allow: true, alow: true },
    { allow: true, reasons: [reason("x")] },
    { allow: false, status: 200, reasons: [reason("x")] },
    { allow: false, reasons: [{ ...reason("x"), kind: "other" }] },
    { allow: true, transform: { set_headers: { "x-a": 1 } } },
    { allow: true, transform: { set_headers: { "x-regent-target": "eu" } } },
    { allow: true, transform: { set_headers: { "X-Regent-Decision-Id": "forged" } } },
    { allow: true, transform: { set_headers: { "x-forwarded-client-cert": "forged" } } },
    { allow: true, route: { headers: { "x-regent-tenant": "globex" } } },
    { allow: true, transform: { remove_headers: ["x-regent-decision-id"] } },
    { allow: true, limits: [{ key: "k", unit: "tokens", amount: -1, window: "1h" }] },
  ] satisfies JsonValue[])
    assert.equal(await refused(decide), "500 policy_output_invalid", JSON.stringify(decide));
});

test("refuses where policy traps, has no such entrypoint, or cannot be asked", async () => {
  assert.equal(await refused({ allow: true }, { requestEntrypoint: TRAP_ENTRYPOINT }), "500 policy_trap");
  assert.equal(await refused({ allow: true }, { requestEntrypoint: "no/such" }), "503 policy_unavailable");
  const failures: readonly [unknown, string][] = [
    [new RegentError("policy_timeout"), "500 policy_timeout"],
    [new TypeError("x is not a function"), "500 internal_error"],
    [undefined, "500 internal_error"],
  ];
  for (const [failure, expected] of failures) {
    const beforePolicy = () => Promise.reject(failure);
    assert.equal(await refused({ allow: true }, { beforePolicy }), expected);
  }
});

test("keeps what failed inside from the client, and writes it to the process log with the decision id", async () => {
  const cause = new TypeError("secret detail");
  const stage = createStage({ policy, beforePolicy: () => Promise.reject(cause) });
  const { answer: answered, exchange } = await send(stage);
  assert.ok(answered.kind === "answer");
  assert.ok(!answered.answer.body.includes("secret"));
  assert.ok(!JSON.stringify(answered.answer.headers).includes("secret"));
  assert.deepEqual(
    stage.logged.map(({ facts }) => facts),
    [{ decisionId: exchange.id, code: "internal_error", err: cause }],
  );
  assert.ok(!JSON.stringify(onlyRecord(stage)).includes("secret"));
});

test("gives each kind of denial its status", async () => {
  for (const [kind, status] of Object.entries(KIND_STATUS))
    assert.equal(await refused({ allow: false, reasons: [reason("why", kind)] }), `${status} why`);
});

test("lets the first reason of the most pressing kind decide, wherever it stands", async () => {
  const kinds = Object.keys(KIND_STATUS);
  const reasons = kinds.map((kind) => reason(kind, kind));
  for (const [index, kind] of kinds.entries()) {
    const rest = [...reasons.slice(index).reverse(), reason("later", kind)];
    const status = KIND_STATUS[kind as keyof typeof KIND_STATUS];
    assert.equal(await refused({ allow: false, reasons: rest }), `${status} ${kind}`);
  }
});

test("records all reasons, those of warnings too", async () => {
  const stage = createStage({ policy });
  const reasons = [reason("a", "content", "warning"), reason("b"), reason("c", "internal")];
  await send(stage, { body: chatBody(), decide: { allow: false, reasons } });
  assert.deepEqual(onlyRecord(stage).reasons, reasons);
});

test("lets policy override the status", async () => {
  const reasons = [reason("legal")];
  assert.equal(await refused({ allow: false, reasons, status: 451 }), "451 legal");
  assert.equal(await refused({ allow: false, status: 599 }), "599 policy_denied");
});

test("denies for no warning, and names none as the reason of a denial", async () => {
  const warning = reason("old", "identity", "warning");
  const stage = createStage({ policy });
  const sent = await send(stage, { body: chatBody(), decide: { allow: true, reasons: [warning] } });
  planOf(sent.answer);
  await answer(sent, { body: completion() });
  assert.equal(onlyRecord(stage).verdict, "allow");
  assert.deepEqual(onlyRecord(stage).reasons, [warning]);
  assert.equal(await refused({ allow: false, reasons: [warning] }), "403 policy_denied");
});

test("words a denial as an OpenAI error with decision id and reason, also where no dialect is spoken", async () => {
  for (const ask of [
    { body: chatBody(), path: "/v1/chat/completions" },
    { path: "/other" },
    { path: "/v1/models" },
  ]) {
    const stage = createStage({ policy });
    const decide = { allow: false, reasons: [reason("why")] };
    const { answer: answered, exchange } = await send(stage, { ...ask, decide });
    assert.ok(answered.kind === "answer");
    const { headers, body, details } = answered.answer;
    assert.deepEqual(JSON.parse(body.toString()), {
      error: { message: "Because of why.", type: "request_forbidden", param: null, code: "why" },
    });
    assert.deepEqual(headers, [
      ["content-type", "application/json"],
      ["x-regent-decision-id", exchange.id],
      ["x-regent-reason", "why"],
    ]);
    assert.equal(details, "regent_why");
  }
});

test("evaluates the request once, and asks the second entrypoint about the answer only", async () => {
  const stage = createStage({ policy });
  const sent = await send(stage);
  assert.equal(stage.asked.length, 1);
  await answer(sent, { body: completion() });
  assert.deepEqual(
    stage.asked.map(({ entrypoint }) => entrypoint),
    ["regent/request/decision", "regent/response/decision"],
  );
});

test("refuses an answer for which policy is undefined, garbage, failing or contradictory", async () => {
  const cases: readonly [JsonValue, Partial<StageOptions>, string][] = [
    [false, {}, "500 policy_output_invalid"],
    [{ allow: "true" }, {}, "500 policy_output_invalid"],
    [{ allow: true, reasons: [reason("x")] }, {}, "500 policy_output_invalid"],
    [{ allow: true }, { responseEntrypoint: TRAP_ENTRYPOINT }, "500 policy_trap"],
    [{ allow: true }, { responseEntrypoint: "no/such" }, "503 policy_unavailable"],
    [{ allow: false }, {}, "403 policy_denied"],
    [{}, {}, "403 policy_denied"],
    [{ allow: false, reasons: [reason("leak", "content")], status: 422 }, {}, "422 leak"],
  ];
  for (const [decideAnswer, options, expected] of cases) {
    for (const contentType of ["application/json", "text/event-stream", "text/plain"]) {
      const stage = createStage({ policy, ...options });
      const sent = await send(stage, { body: chatBody(), decideAnswer });
      planOf(sent.answer);
      const given = await answer(sent, { headers: [["content-type", contentType]], body: completion() });
      assert.ok(given.own, `${expected} ${contentType}`);
      const { status, code } = refusalIn(given.own);
      assert.equal(`${status} ${code}`, expected);
      const record = onlyRecord(stage);
      assert.equal(record.verdict, "deny");
      assert.equal(record.end, "refused");
      assert.equal(record.status, status);
      assert.ok(record.reasons.some((one) => one.code === code) || code === "policy_denied");
    }
  }
});

test("chooses between versions of policy by who calls, whatever the body says of an end user", async () => {
  const subjects = new Set<string>();
  const counting = { ...policy, for: (subject: string) => policy.for(subjects.add(subject) && subject) };
  for (const user of ["ann", "bob", undefined]) {
    const stage = createStage({ policy: counting });
    const body = chatBody(user === undefined ? {} : { user });
    await send(stage, { body, decide: { allow: true } });
  }
  assert.equal(subjects.size, 1);
});
