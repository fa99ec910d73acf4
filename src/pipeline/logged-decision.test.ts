import assert from "node:assert/strict";
import { test } from "node:test";
import {
  answer,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  NOW_MS,
  planOf,
  REQUEST_ENTRYPOINT,
  RESPONSE_ENTRYPOINT,
  refusalOf,
  type StageOptions,
  send,
  TRAP_ENTRYPOINT,
} from "../../test/support/pipeline.ts";
import type { DecisionEvent } from "../decision-log/event.ts";
import type { JsonObject } from "../exchange/json.ts";
import type { PolicyEngine } from "../policy/engine.ts";
import type { Policies } from "../policy/policies.ts";

const policy = await compileAnswering();

function loggingStage(options: Partial<StageOptions> = {}) {
  const events: DecisionEvent[] = [];
  const stage = createStage({ policy, decisionLog: { log: (event) => void events.push(event) }, ...options });
  return { stage, events };
}

function inputOf(event: DecisionEvent | undefined): JsonObject {
  return JSON.parse(String(event?.input)) as JsonObject;
}

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const PROMPT = "my secret plans";
const secretBody = chatBody({ messages: [{ role: "user", content: PROMPT }] });

test("logs the decision on a request and the one on its answer", async () => {
  const { stage, events } = loggingStage();
  const sent = await send(stage, { body: secretBody, headers: [["traceparent", TRACEPARENT]] });
  planOf(sent.answer);
  await answer(sent, { body: completion() });
  const [request, response, ...others] = events;
  assert.deepEqual(others, []);
  const { id } = sent.exchange;
  assert.equal(request?.decisionId, id);
  assert.equal(request?.batchDecisionId, undefined);
  assert.equal(request?.entrypoint, REQUEST_ENTRYPOINT);
  assert.deepEqual(request?.result, { allow: true });
  assert.equal(request?.timestamp, NOW_MS);
  assert.equal(request?.traceId, "0af7651916cd43dd8448eb211c80319c");
  assert.equal(request?.spanId, "b7ad6b7169203331");
  assert.equal(request?.policies.revision, "r1");
  assert.ok((request?.metrics.timer_rego_query_eval_ns ?? 0) > 0);
  assert.equal(response?.batchDecisionId, id);
  assert.notEqual(response?.decisionId, id);
  assert.equal(response?.entrypoint, RESPONSE_ENTRYPOINT);
  assert.equal(inputOf(response).phase, "response");
  assert.equal(response?.erased, undefined);
});

test("names no trace where the client names none that is valid, or two", async () => {
  const other = TRACEPARENT.replace("b7", "b8");
  for (const traceparents of [[TRACEPARENT.replace(/[a-f1-9](?=.*-b7)/g, "0")], [TRACEPARENT, other]]) {
    const { stage, events } = loggingStage();
    await send(stage, { body: secretBody, headers: traceparents.map((value) => ["traceparent", value]) });
    assert.deepEqual([events[0]?.traceId, events[0]?.spanId], [undefined, undefined]);
  }
});

test("has masks asked where no answer counts as a decision", async () => {
  const unobserved: Policies[] = [];
  const counting: PolicyEngine = {
    ready: true,
    revision: policy.revision,
    for(subject) {
      const policies = policy.for(subject);
      unobserved.push({ ...policies });
      return { ...policies, ...(unobserved[0] && { unobserved: unobserved[0] }) };
    },
  };
  const { stage, events } = loggingStage({ policy: counting });
  await send(stage, { body: secretBody });
  assert.ok(unobserved[0] !== undefined);
  assert.equal(events[0]?.policies, unobserved[0]);
});

test("leaves the body out, says so, and shows the rest as whole as policy could see it", async () => {
  const { stage, events } = loggingStage();
  await send(stage, { body: secretBody });
  const [event] = events;
  assert.deepEqual(event?.erased, ["/input/request/body"]);
  assert.equal(String(event?.input).includes(PROMPT), false);
  const input = inputOf(event);
  const request = input.request as JsonObject;
  assert.equal("body" in request, false);
  assert.equal(request.size, JSON.stringify(secretBody).length);
  assert.equal((input.identity as JsonObject).tenant, "acme");
  assert.equal((input.inference as JsonObject).model, "small");
  assert.ok(Array.isArray(input.targets));
});

test("logs the body where policy asks for a full audit", async () => {
  const { stage, events } = loggingStage();
  await send(stage, { body: secretBody, decide: { allow: true, audit: { level: "full" } } });
  const [event] = events;
  assert.equal(event?.erased, undefined);
  assert.deepEqual((inputOf(event).request as JsonObject).body, secretBody);
});

test("names nothing as left out of a request without a body", async () => {
  const { stage, events } = loggingStage();
  await send(stage, { path: "/v1/models", body: undefined });
  assert.equal(events.length, 1, "and asks about each model without logging that");
  assert.equal(events[0]?.erased, undefined);
  assert.equal((inputOf(events[0]).request as JsonObject).body, null);
});

test("shows no credential, whoever reads the log", async () => {
  const { stage, events } = loggingStage();
  await send(stage, { body: chatBody(), headers: [["cookie", "session=sesame"]] });
  const text = String(events[0]?.input);
  for (const secret of ["sesame", stage.keys.analyst]) assert.equal(text.includes(secret), false);
});

test("logs a failed evaluation and an answer that is no decision with its error", async () => {
  const trapped = loggingStage({ requestEntrypoint: TRAP_ENTRYPOINT });
  const sent = await send(trapped.stage, { body: chatBody() });
  assert.equal(refusalOf(sent.answer).code, "policy_trap");
  assert.equal(trapped.events[0]?.error?.code, "policy_trap");
  assert.equal(trapped.events[0]?.result, undefined);
  const odd = loggingStage();
  const other = await send(odd.stage, { body: chatBody(), decide: { allow: true, surprise: 1 } });
  assert.equal(refusalOf(other.answer).code, "policy_output_invalid");
  assert.equal(odd.events[0]?.error?.code, "policy_output_invalid");
  assert.deepEqual(odd.events[0]?.result, { allow: true, surprise: 1 });
});

test("decides the same when the log takes nothing, and says so in the process log", async () => {
  const failing = {
    log: () => {
      throw new Error("the decision log is closed");
    },
  };
  for (const allow of [true, false]) {
    const { stage } = loggingStage({ decisionLog: failing });
    const sent = await send(stage, { body: chatBody(), decide: { allow } });
    assert.equal(sent.answer.kind, allow ? "pass" : "answer");
    assert.ok(stage.logged.some(({ message }) => message === "a decision could not be logged"));
  }
});
