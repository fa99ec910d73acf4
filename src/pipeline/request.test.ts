import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type Ask,
  answer,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  NOW_MS,
  onlyRecord,
  planOf,
  refusalOf,
  type Stage,
  send,
} from "../../test/support/pipeline.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import { CREDENTIAL_HEADERS } from "../exchange/names.ts";
import { FINDINGS_MAX, INSPECTION_TRUNCATED } from "../inspection/inspect.ts";
import { STREAM_WINDOW_BYTES_MAX } from "./answer/demands.ts";

const policy = await compileAnswering();

const EMAIL = "ann@example.org";
const SSN = "536-90-4399";

/** How an allowed request is refused because of what policy asks besides: `status code`. */
async function refused(decide: JsonObject, ask: Partial<Ask> = {}): Promise<string> {
  const stage = createStage({ policy });
  const sent = await send(stage, { body: chatBody(), decide: { allow: true, ...decide }, ...ask });
  const { status, code } = refusalOf(sent.answer);
  const record = onlyRecord(stage);
  assert.equal(record.verdict, "deny");
  assert.equal(record.status, status);
  assert.equal(record.charge, undefined);
  return `${status} ${code}`;
}

/** The body that goes upstream for an allowed request. */
async function upstreamBody(decide: JsonObject, body: JsonObject | string): Promise<string | undefined> {
  const stage = createStage({ policy });
  const sent = await send(stage, { body, decide: { allow: true, ...decide } });
  return planOf(sent.answer).body?.toString("utf8");
}

const says = (content: string) => chatBody({ messages: [{ role: "user", content }] });
const redact = (...redactions: (readonly [string, string, string?])[]) => ({
  redact: redactions.map(([type, action, where = "request"]) => ({ type, action, where })),
});

test("refuses an obligation that cannot be carried out, at any endpoint", async () => {
  for (const decide of [
    { hold: { approval: "board" } },
    { transform: { set_query: { a: "b" } } },
    { response: { stream_window_bytes: STREAM_WINDOW_BYTES_MAX + 1 } },
    redact(["EMAIL_ADDRESS", "tokenize"]),
    redact(["EMAIL_ADDRESS", "tokenize", "response"]),
    redact(["EMAIL_ADDRESS", "tokenize", "both"]),
  ] satisfies JsonObject[]) {
    assert.equal(await refused(decide), "500 obligation_unsupported", JSON.stringify(decide));
    const other = { path: "/other", method: "POST", body: "{}" };
    assert.equal(await refused(decide, other), "500 obligation_unsupported", JSON.stringify(decide));
  }
});

test("refuses an obligation for the answer to what is no inference, and for one whose texts are not known", async () => {
  const other = { path: "/other", method: "POST", body: "{}" };
  for (const decide of [
    { response: { inspect: true } },
    { response: { max_output_tokens: 5 } },
    { response: { stream_window_bytes: 5 } },
    redact(["EMAIL_ADDRESS", "mask", "response"]),
    redact(["EMAIL_ADDRESS", "block", "both"]),
  ] satisfies JsonObject[]) {
    assert.equal(await refused(decide, other), "500 obligation_unsupported", JSON.stringify(decide));
    assert.equal(await upstreamBody(decide, chatBody()), undefined, JSON.stringify(decide));
  }
});

test("refuses a request that lets another model answer than the one that policy decides on", async () => {
  assert.equal(await refused({}, { body: chatBody({ models: ["other"] }) }), "400 body_invalid");
});

test("carries out a response obligation that asks for nothing", async () => {
  assert.equal(await upstreamBody({ response: { inspect: false } }, chatBody()), undefined);
});

test("masks what was found and policy names, and nothing else", async () => {
  const body = says(`Write to ${EMAIL} about ${SSN}.`);
  const masked = await upstreamBody(redact(["EMAIL_ADDRESS", "mask"]), body);
  assert.deepEqual(JSON.parse(masked ?? ""), says(`Write to <EMAIL_ADDRESS> about ${SSN}.`));
  assert.equal(await upstreamBody({}, body), undefined);
  assert.equal(await upstreamBody(redact(["IBAN_CODE", "mask"]), body), undefined);
});

test("changes no byte besides what is masked", async () => {
  const body = (address: string) =>
    `{ "model":"small","seed": 1.50e1,\n "messages":[{"content":"\\u0041sk ${address}","role":"user"}] }`;
  const masked = await upstreamBody(redact(["EMAIL_ADDRESS", "mask"]), body(EMAIL));
  assert.equal(masked, body("<EMAIL_ADDRESS>").replace("\\u0041", "A"));
});

test("hashes equal values to equal texts that do not hold them", async () => {
  const twice = says(`${EMAIL} ${EMAIL} bob@example.org`);
  const hashed = await upstreamBody(redact(["EMAIL_ADDRESS", "hash"]), twice);
  const [a, b, c] = hashed?.match(/<EMAIL_ADDRESS:[0-9a-f]{16}>/g) ?? [];
  assert.ok(a !== undefined && c !== undefined);
  assert.equal(a, b);
  assert.notEqual(a, c);
  assert.ok(!hashed?.includes(EMAIL));
});

test("refuses what policy blocks where it is found, without saying what it was", async () => {
  const stage = createStage({ policy });
  const sent = await send(stage, {
    body: says(`I am ${EMAIL}`),
    decide: { allow: true, ...redact(["EMAIL_ADDRESS", "block"]) },
  });
  const { status, code, message } = refusalOf(sent.answer);
  assert.deepEqual([status, code], [400, "content_blocked"]);
  assert.ok(message.includes("EMAIL_ADDRESS") && !message.includes(EMAIL));
  assert.equal(await upstreamBody(redact(["EMAIL_ADDRESS", "block"]), says(`I am ${SSN}`)), undefined);
});

test("does the stricter of two things that rules ask for one type, in whatever order", async () => {
  const body = { body: says(`I am ${EMAIL}`) };
  for (const other of ["mask", "hash"]) {
    const both = [
      ["EMAIL_ADDRESS", "block"],
      ["EMAIL_ADDRESS", other],
    ] as const;
    assert.equal(await refused(redact(...both), body), "400 content_blocked");
    assert.equal(await refused(redact(...both.toReversed()), body), "400 content_blocked");
  }
  const both = [
    ["EMAIL_ADDRESS", "hash"],
    ["EMAIL_ADDRESS", "mask"],
  ] as const;
  for (const redactions of [both, both.toReversed()])
    assert.match((await upstreamBody(redact(...redactions), body.body)) ?? "", /I am <EMAIL_ADDRESS>"/);
});

test("refuses to redact where there is more than inspection could look at", async () => {
  const stage = createStage({ policy, maxBodyBytes: 1 << 20 });
  const body = says(`${EMAIL} `.repeat(FINDINGS_MAX + 1));
  const sent = await send(stage, { body, decide: { allow: true, ...redact(["US_SSN", "mask"]) } });
  assert.deepEqual([refusalOf(sent.answer).status, refusalOf(sent.answer).code], [400, "content_blocked"]);
  const found = JSON.parse(stage.asked[0]?.text ?? "").findings;
  assert.ok(found.some(({ type }: { type: string }) => type === INSPECTION_TRUNCATED));
});

test("refuses to redact a body that is no inference: nothing was looked for in it", async () => {
  const mask = redact(["EMAIL_ADDRESS", "mask"]);
  for (const type of ["application/json", "text/plain"]) {
    const other: Ask = {
      path: "/other",
      method: "POST",
      body: JSON.stringify(EMAIL),
      headers: [["content-type", type]],
    };
    assert.equal(await refused(mask, other), "500 obligation_unsupported", type);
  }
  for (const nothing of [
    { path: "/other" },
    { path: "/v1/models" },
    { path: "/other", method: "POST", body: "" },
  ]) {
    const stage = createStage({ policy });
    const sent = await send(stage, { ...nothing, decide: { allow: true, ...mask } });
    assert.ok(sent.answer.kind === "pass" || sent.answer.answer.status === 200, nothing.path);
  }
});

test("counts in the record what was redacted, and what was found", async () => {
  const stage = createStage({ policy });
  const body = says(`${EMAIL} bob@example.org ${SSN}`);
  const sent = await send(stage, { body, decide: { allow: true, ...redact(["EMAIL_ADDRESS", "mask"]) } });
  await answer(sent, { body: completion() });
  const { redactions, findings } = onlyRecord(stage);
  assert.deepEqual(redactions, [{ type: "EMAIL_ADDRESS", count: 2 }]);
  assert.deepEqual(findings, [
    { type: "EMAIL_ADDRESS", count: 2 },
    { type: "US_SSN", count: 1 },
  ]);
});

test("names the version upstream, whatever name the client used", async () => {
  assert.equal(await upstreamBody({}, chatBody({ model: "small" })), undefined);
  assert.deepEqual(JSON.parse((await upstreamBody({}, chatBody({ model: "default" }))) ?? ""), chatBody());
  const large = await upstreamBody({}, chatBody({ model: "large" }));
  assert.equal(JSON.parse(large ?? "").model, "large-1");
});

test("applies policy's patch to the body that goes upstream, after all else", async () => {
  const body_patch = [
    { op: "test", path: "/model", value: "small" },
    { op: "test", path: "/messages/0/content", value: "I am <EMAIL_ADDRESS>" },
    { op: "add", path: "/seed", value: 7 },
  ];
  const patched = await upstreamBody(
    { transform: { body_patch }, ...redact(["EMAIL_ADDRESS", "mask"]) },
    { ...says(`I am ${EMAIL}`), model: "default" },
  );
  assert.deepEqual(JSON.parse(patched ?? ""), { ...says("I am <EMAIL_ADDRESS>"), seed: 7 });
});

test("patches the JSON body of an endpoint that is no inference", async () => {
  const stage = createStage({ policy });
  const decide = { allow: true, transform: { body_patch: [{ op: "remove", path: "/a" }] } };
  const ask: Ask = {
    path: "/other",
    method: "POST",
    body: '{"a":1,"b":2}',
    headers: [["content-type", "application/json"]],
    decide,
  };
  assert.equal(planOf((await send(stage, ask)).answer).body?.toString(), '{"b":2}');
});

test("refuses where policy's patch does not fit the body, or the body is no JSON", async () => {
  const patch = (...body_patch: JsonObject[]) => ({ transform: { body_patch } });
  for (const operation of [
    { op: "remove", path: "/absent" },
    { op: "replace", path: "/messages/9/content", value: "x" },
    { op: "test", path: "/model", value: "other" },
    { op: "add", path: "/messages/x", value: 1 },
  ])
    assert.equal(await refused(patch(operation)), "500 obligation_unsupported", operation.path);
  const plain: Ask = {
    path: "/other",
    method: "POST",
    body: "text",
    headers: [["content-type", "text/plain"]],
  };
  assert.equal(
    await refused(patch({ op: "add", path: "/a", value: 1 }), plain),
    "500 obligation_unsupported",
  );
  assert.equal(
    await refused(patch({ op: "add", path: "/a", value: 1 }), { path: "/other", body: undefined }),
    "500 obligation_unsupported",
  );
});

test("sets and removes the headers that policy names, and routes by its target", async () => {
  const stage = createStage({ policy });
  const decide = {
    allow: true,
    route: { targets: ["eu", "us"], headers: { "x-pool": "batch" } },
    transform: { set_headers: { "X-Team": "a" }, remove_headers: ["X-Old", "cookie"] },
  };
  const sent = await send(stage, {
    body: chatBody(),
    headers: [
      ["x-old", "1"],
      ["x-regent-hack", "1"],
    ],
    decide,
  });
  const { headers, metadata, clearRouteCache } = planOf(sent.answer);
  assert.deepEqual(Object.fromEntries(headers.set), {
    "x-pool": "batch",
    "x-team": "a",
    "x-regent-decision-id": sent.exchange.id,
    "x-regent-tenant": "acme",
    "x-regent-target": "eu",
    "content-type": "application/json",
  });
  assert.deepEqual(
    new Set(headers.remove),
    new Set(["x-old", "cookie", "x-regent-hack", ...CREDENTIAL_HEADERS, "accept-encoding"]),
  );
  assert.equal(clearRouteCache, true);
  assert.deepEqual(metadata, {
    decision_id: sent.exchange.id,
    tenant: "acme",
    model: "small",
    model_version: "small",
    target: "eu",
  });
});

test("takes the first target in policy's order that serves the model", async () => {
  const target = async (targets: string[] | undefined, model = "small") => {
    const stage = createStage({ policy });
    const sent = await send(stage, {
      body: chatBody({ model }),
      decide: { allow: true, ...(targets && { route: { targets } }) },
    });
    if (sent.answer.kind === "answer") return refusalOf(sent.answer).code;
    return new Map(planOf(sent.answer).headers.set).get("x-regent-target");
  };
  assert.equal(await target(undefined), "us");
  assert.equal(await target(["us", "eu"]), "us");
  assert.equal(await target(["eu", "us"]), "eu");
  assert.equal(await target(["moon", "eu"]), "eu");
  assert.equal(await target(["us", "eu"], "large"), "eu");
  assert.equal(await target(["us"], "large"), "no_permitted_target");
});

test("refuses with 503 where no target may serve it, or the model is none", async () => {
  assert.equal(await refused({ route: { targets: [] } }), "503 no_permitted_target");
  assert.equal(await refused({ route: { targets: ["moon"] } }), "503 no_permitted_target");
  assert.equal(await refused({ route: { model: "unheard-of" } }), "503 no_permitted_target");
  for (const model of ["unheard-of", "gone", "__proto__", "Small", " small"])
    assert.equal(await refused({}, { body: chatBody({ model }) }), "503 no_permitted_target", model);
});

test("sends it to the model that policy chose, and estimates by that one", async () => {
  const stage = createStage({ policy });
  const decide = { allow: true, route: { model: "large" } };
  const sent = await send(stage, { body: chatBody(), decide });
  const { body, headers } = planOf(sent.answer);
  assert.deepEqual(JSON.parse(body?.toString() ?? ""), chatBody({ model: "large-1" }));
  assert.equal(new Map(headers.set).get("x-regent-target"), "eu");
  await answer(sent, { body: completion() });
  const { route, inference, estimate } = onlyRecord(stage);
  assert.deepEqual(route, {
    model: "large",
    version: "large-1",
    target: "eu",
    region: "eu",
    provider: "sim",
  });
  assert.equal(inference?.model, "small");
  assert.equal(estimate?.outputTokensMax, 1000);
});

test("asks for a stream's usage where the client did not, and leaves a request alone that asks for it", async () => {
  const asked = chatBody({ stream: true, stream_options: { include_usage: true } });
  assert.equal(await upstreamBody({}, asked), undefined);
  for (const more of [{}, { stream_options: {} }, { stream_options: { include_usage: false } }])
    assert.deepEqual(JSON.parse((await upstreamBody({}, chatBody({ stream: true, ...more }))) ?? ""), asked);
});

const budget = (amount: number, more: JsonObject = {}): JsonValue => ({
  allow: true,
  limits: [{ key: "tenant:acme", unit: "tokens", amount, window: "1h", ...more }],
});
const budgetOf = (stage: Stage) => stage.meter.budgets("acme").map(({ used, reserved }) => [used, reserved]);

test("answers 429 with the seconds to wait where the estimate does not fit, and takes nothing", async () => {
  const stage = createStage({ policy });
  const first = await send(stage, { body: chatBody({ max_tokens: 10 }), decide: budget(30) });
  planOf(first.answer);
  const reserved = stage.meter.budgets("acme")[0]?.reserved ?? 0;
  assert.ok(reserved > 10 && reserved <= 30);
  const second = await send(stage, { body: chatBody({ max_tokens: 10 }), decide: budget(30) });
  const { status, code, message } = refusalOf(second.answer);
  assert.deepEqual([status, code], [429, "budget_exceeded"]);
  assert.match(
    message,
    new RegExp(`may use ${reserved} tokens, and ${30 - reserved} of 30 are left for tenant:acme`),
  );
  assert.ok(second.answer.kind === "answer");
  const headers = new Map(second.answer.answer.headers);
  const hour = 3_600_000;
  assert.equal(headers.get("retry-after"), String(Math.ceil((hour - (NOW_MS % hour)) / 1_000)));
  assert.equal(headers.get("x-should-retry"), "false");
  assert.deepEqual(budgetOf(stage), [[0, reserved]]);
});

test("gives a reservation back when a later step refuses, of requests too", async () => {
  const limits = [
    { key: "tenant:acme", unit: "tokens", amount: 1_000, window: "1h" },
    { key: "tenant:acme", unit: "requests", amount: 5, window: "1h" },
  ];
  const stage = createStage({ policy });
  const later: readonly [JsonObject, Ask["body"]][] = [
    [{ transform: { body_patch: [{ op: "remove", path: "/absent" }] } }, chatBody()],
    [redact(["EMAIL_ADDRESS", "block"]), says(EMAIL)],
    [redact(["EMAIL_ADDRESS", "tokenize"]), chatBody()],
  ];
  for (const [decide, body] of later) {
    const sent = await send(stage, { body, decide: { allow: true, limits, ...decide } });
    refusalOf(sent.answer);
    assert.equal(stage.records.at(-1)?.charge, undefined);
    assert.deepEqual(
      budgetOf(stage).filter(([used, reserved]) => used !== 0 || reserved !== 0),
      [],
      JSON.stringify(decide),
    );
  }
});

test("counts requests at endpoints that are no inference, the list of models among them", async () => {
  for (const path of ["/other", "/v1/models", "/v1/models/small"]) {
    const stage = createStage({ policy });
    const decide = budget(1, { unit: "requests" });
    const first = await send(stage, { path, decide });
    if (first.answer.kind === "pass") await answer(first, { body: "x", headers: [] });
    assert.equal(stage.records.at(-1)?.verdict, "allow");
    assert.equal(refusalOf((await send(stage, { path, decide })).answer).code, "budget_exceeded", path);
  }
});

test("lists models however many tokens were used", async () => {
  const stage = createStage({ policy });
  const spent = await send(stage, { body: chatBody({ max_tokens: 10 }), decide: budget(100) });
  await answer(spent, { body: completion({ usage: { prompt_tokens: 500, completion_tokens: 1 } }) });
  const listed = await send(stage, { path: "/v1/models", decide: budget(100) });
  assert.equal(listed.answer.kind === "answer" && listed.answer.answer.status, 200);
});

test("keeps the version of a subject, and counts the user named in the body as one of its tenant", async () => {
  const registry = `
version: 1
targets: [{ name: us, region: us, provider: sim, format: openai-chat }]
models:
  - name: small
    stage: active
    versions:
      - { name: one, weight: 1, targets: [us] }
      - { name: two, weight: 1, targets: [us] }
`;
  const stage = createStage({ policy, registry });
  const versionFor = async (user: string | undefined, key = stage.keys.analyst) => {
    const ask = {
      body: chatBody(user === undefined ? {} : { user }),
      credentials: false,
      headers: [["x-api-key", key]],
    } as const;
    return planOf((await send(stage, ask)).answer).metadata.model_version;
  };
  const versions = new Set<JsonValue | undefined>();
  for (let index = 0; index < 40; index++) {
    const version = await versionFor(`user-${index}`);
    assert.equal(await versionFor(`user-${index}`, stage.keys.admin), version);
    versions.add(version);
  }
  assert.deepEqual(versions, new Set(["one", "two"]));
  assert.equal(await versionFor(undefined), await versionFor(undefined));
});

test("governs tool arguments and the end user as text", async () => {
  const body = chatBody({
    user: EMAIL,
    messages: [
      {
        role: "assistant",
        content: null,
        tool_calls: [
          { id: "1", type: "function", function: { name: "mail", arguments: JSON.stringify({ to: EMAIL }) } },
        ],
      },
    ],
  });
  const masked = await upstreamBody(redact(["EMAIL_ADDRESS", "mask"]), body);
  assert.ok(masked !== undefined && !masked.includes(EMAIL));
  assert.equal(masked.match(/<EMAIL_ADDRESS>/g)?.length, 2);
});
