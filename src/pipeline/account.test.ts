import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import {
  type Ask,
  answer,
  chatBody,
  compileAnswering,
  completion,
  createStage,
  delta,
  event,
  NOW_MS,
  onlyRecord,
  planOf,
  type Sent,
  type Stage,
  send,
  USAGE_EVENT,
} from "../../test/support/pipeline.ts";
import type { Exchange, ExchangeEnd } from "../exchange/exchange.ts";
import { headersFrom } from "../exchange/headers.ts";
import { ANONYMOUS } from "../exchange/identity.ts";
import { TOKENS_PER_EXCHANGE_MAX } from "../exchange/inference.ts";
import type { JsonObject } from "../exchange/json.ts";
import type { Record } from "../exchange/record.ts";
import { openAccount, recordOf } from "./account.ts";

const policy = await compileAnswering();
const JSON_HEAD = { status: 200, headers: headersFrom([["content-type", "application/json"]]) };
const STREAM_HEAD = { status: 200, headers: headersFrom([["content-type", "text/event-stream"]]) };
const sha256 = (bytes: Buffer | string) => createHash("sha256").update(bytes).digest("hex");

/** A budget so large that it never matters, and 20 tokens of answer at most. */
const LIMITED = {
  allow: true,
  limits: [{ key: "tenant:acme", unit: "tokens", amount: 10 ** 9, window: "1h" }],
};
const BODY = chatBody({ max_tokens: 20 });
/** What is reserved for {@link BODY}: 11 bytes of text in one message, and 20 of answer. */
const INPUT_TOKENS = 10;
const RESERVED_TOKENS = INPUT_TOKENS + 20;

describe("what an exchange is charged", () => {
  /** Takes an exchange to its end, and gives the charge, which must be what the budget lost, once and for all. */
  async function charge(
    how: (sent: Sent, stage: Stage) => unknown,
    body: JsonObject = BODY,
  ): Promise<Record["charge"]> {
    const stage = createStage({ policy });
    const sent = await send(stage, { body, decide: LIMITED });
    planOf(sent.answer);
    assert.equal(stage.meter.budgets("acme")[0]?.reserved, RESERVED_TOKENS);
    await how(sent, stage);
    for (const end of ["complete", "aborted", "failed"] satisfies ExchangeEnd[]) sent.governance.end(end);
    const record = onlyRecord(stage);
    const [budget] = stage.meter.budgets("acme");
    assert.deepEqual([budget?.used, budget?.reserved], [record.charge?.tokens ?? 0, 0]);
    assert.deepEqual(stage.observed, [record]);
    return record.charge;
  }
  const STREAM = chatBody({ max_tokens: 20, stream: true });

  test("is what the upstream reports", async () => {
    assert.deepEqual(await charge((sent) => answer(sent, { body: completion() })), {
      tokens: 17,
      source: "reported",
      costUsd: (12 * 1 + 5 * 2) / 1_000_000,
    });
  });

  test("is the whole prompt where cached tokens are counted apart, and nothing for a count of tokens", async () => {
    const messages = { ...BODY, max_tokens: 20 };
    const usage = {
      input_tokens: 12,
      cache_read_input_tokens: 100,
      cache_creation_input_tokens: 30,
      output_tokens: 5,
    };
    for (const [path, body, tokens] of [
      ["/v1/messages", { type: "message", content: [], usage }, 147],
      ["/v1/messages/count_tokens", { input_tokens: 12 }, 0],
    ] as const) {
      const stage = createStage({ policy });
      const sent = await send(stage, { path, body: messages, decide: LIMITED });
      planOf(sent.answer);
      await answer(sent, { body });
      sent.governance.end("complete");
      const { charge, usage: recorded } = onlyRecord(stage);
      assert.deepEqual([charge?.tokens, charge?.source], [tokens, "reported"], path);
      assert.equal(stage.meter.budgets("acme")[0]?.used, tokens, path);
      assert.deepEqual(
        recorded,
        tokens === 0 ? undefined : { input: 12, output: 5, cachedInput: 100, cacheCreationInput: 30 },
      );
    }
  });

  test("is no running count of a stream of messages that ends early, but what was delivered", async () => {
    const start = { input_tokens: 12, cache_read_input_tokens: 100, output_tokens: 1 };
    for (const [end, bytes] of [
      ["aborted", ""],
      ["complete", 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'],
    ] as const) {
      const stage = createStage({ policy });
      const { governance, answer: passed } = await send(stage, {
        path: "/v1/messages",
        body: STREAM,
        decide: LIMITED,
      });
      planOf(passed);
      await governance.responseHead(STREAM_HEAD, false);
      for (const data of [
        { type: "message_start", message: { usage: start } },
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x".repeat(400) } },
      ])
        governance.responseChunk(Buffer.from(event(data)), false);
      if (bytes !== "") governance.responseChunk(Buffer.from(bytes), true);
      governance.end(end);
      const { charge, usage } = onlyRecord(stage);
      assert.deepEqual(charge, { tokens: 112 + 100, source: "estimated" }, end);
      assert.equal(usage?.output, 1);
    }
  });

  test("is no count of OpenAI's that more was written after, unless that is more", async () => {
    for (const [counted, tokens] of [
      [0, 12 + 100],
      [900, 12 + 900],
      [TOKENS_PER_EXCHANGE_MAX + 1, 12 + 100],
    ] as const) {
      const usage = { prompt_tokens: 12, completion_tokens: counted };
      const pieces = [{ choices: [], usage }, { choices: [{ delta: { content: "x".repeat(400) } }] }];
      const charged = await charge(async ({ governance }) => {
        await governance.responseHead(STREAM_HEAD, false);
        for (const piece of pieces) governance.responseChunk(Buffer.from(event(piece)), false);
      }, STREAM);
      assert.deepEqual(charged, { tokens, source: "estimated" });
    }
  });

  test("takes a prompt of no tokens for one that was not counted yet", async () => {
    const stage = createStage({ policy });
    const { governance, answer: passed } = await send(stage, {
      path: "/v1/messages",
      body: STREAM,
      decide: LIMITED,
    });
    planOf(passed);
    await governance.responseHead(STREAM_HEAD, false);
    for (const data of [
      { type: "message_start", message: { usage: { input_tokens: 0, output_tokens: 0 } } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x".repeat(400) } },
    ])
      governance.responseChunk(Buffer.from(event(data)), false);
    governance.end("aborted");
    assert.deepEqual(onlyRecord(stage).charge, { tokens: INPUT_TOKENS + 100, source: "estimated" });
  });

  test("is the total where no more is reported, and has no price then", async () => {
    const usage = { total_tokens: 9 };
    assert.deepEqual(await charge((sent) => answer(sent, { body: completion({ usage }) })), {
      tokens: 9,
      source: "reported",
    });
  });

  test("is estimated from the answer where usage is missing or no count", async () => {
    const counts = (prompt_tokens: number | string, completion_tokens: number) => ({
      usage: { prompt_tokens, completion_tokens },
    });
    for (const more of [{ usage: null }, { usage: {} }, counts(-5, 3), counts("12", 3), counts(1.5, 3)]) {
      assert.deepEqual(
        await charge((sent) => answer(sent, { body: completion(more) })),
        { tokens: INPUT_TOKENS + 1, source: "estimated" },
        JSON.stringify(more),
      );
    }
  });

  test("is what was reserved where the count is absurd, and has no price made of it", async () => {
    const usage = { prompt_tokens: TOKENS_PER_EXCHANGE_MAX, completion_tokens: 1 };
    assert.deepEqual(await charge((sent) => answer(sent, { body: completion({ usage }) })), {
      tokens: RESERVED_TOKENS,
      source: "reserved",
      clamped: true,
    });
  });

  test("is what was reserved where the answer says nothing", async () => {
    for (const upstream of [
      { headers: [["content-type", "text/html"]], body: "<p>Hi</p>" },
      { body: "no JSON" },
      { body: "[]" },
    ] as const)
      assert.deepEqual(await charge((sent) => answer(sent, upstream)), {
        tokens: RESERVED_TOKENS,
        source: "reserved",
      });
  });

  test("is nothing where the upstream refused, unless it reports usage", async () => {
    for (const status of [400, 401, 429, 500, 503]) {
      const error = { error: { message: "no", type: "invalid_request_error", code: "nope" } };
      assert.equal(await charge((sent) => answer(sent, { status, body: error })), undefined);
      assert.equal(await charge((sent) => answer(sent, { status, headers: [], body: "no" })), undefined);
      const billed = await charge((sent) => answer(sent, { status, body: completion() }));
      assert.equal(billed?.tokens, 17);
    }
  });

  test("is the prompt where the client went away before an answer came", async () => {
    for (const how of ["aborted", "failed"] satisfies ExchangeEnd[])
      assert.deepEqual(await charge((sent) => sent.governance.end(how)), {
        tokens: INPUT_TOKENS,
        source: "estimated",
      });
  });

  test("is what was reserved where a whole answer was on its way", async () => {
    const aborted = await charge(async ({ governance }) => {
      await governance.responseHead(JSON_HEAD, false);
      governance.end("aborted");
    });
    assert.deepEqual(aborted, { tokens: RESERVED_TOKENS, source: "reserved" });
  });

  test("is the prompt and what was delivered where the client left in the middle of a stream", async () => {
    const aborted = await charge(async ({ governance }) => {
      await governance.responseHead(STREAM_HEAD, false);
      governance.responseChunk(Buffer.from(event(delta("x".repeat(400)))), false);
      governance.end("aborted");
    }, STREAM);
    assert.deepEqual(aborted, { tokens: INPUT_TOKENS + 100, source: "estimated" });
  });

  test("is estimated for a stream that reports no usage, and reported where it does", async () => {
    const quiet = [event(delta("x".repeat(40), "stop")), event("[DONE]")];
    assert.deepEqual(await charge((sent) => answer(sent, { body: quiet }), STREAM), {
      tokens: INPUT_TOKENS + 10,
      source: "estimated",
    });
    const telling = [...quiet.slice(0, 1), event(USAGE_EVENT), event("[DONE]")];
    assert.equal((await charge((sent) => answer(sent, { body: telling }), STREAM))?.source, "reported");
  });

  test("stays what was used where policy refuses the answer", async () => {
    const stage = createStage({ policy });
    const sent = await send(stage, { body: BODY, decide: LIMITED, decideAnswer: { allow: false } });
    await answer(sent, { body: completion() });
    assert.equal(onlyRecord(stage).verdict, "deny");
    assert.equal(onlyRecord(stage).charge?.tokens, 17);
    assert.equal(stage.meter.budgets("acme")[0]?.used, 17);
  });

  test("is in the record also where nothing limits it", async () => {
    const stage = createStage({ policy });
    await answer(await send(stage), { body: completion() });
    assert.equal(onlyRecord(stage).charge?.tokens, 17);
    assert.deepEqual(stage.meter.budgets("acme"), []);
  });

  test("is nothing for what is no inference", async () => {
    const stage = createStage({ policy });
    await answer(await send(stage, { path: "/other" }), { body: completion() });
    assert.equal(onlyRecord(stage).charge, undefined);
  });
});

describe("the record", () => {
  const CANARY = "canary-7f3a";
  const HEADERS = [
    ["content-type", "application/json"],
    ["x-request-id", "client-1"],
    ["traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    ["cookie", `session=${CANARY}-cookie`],
    ["x-canary", `${CANARY}-header`],
    ["x-regent-canary", `${CANARY}-forged`],
  ] as const;
  const SECRETIVE = chatBody({
    user: `${CANARY}-user`,
    metadata: { note: `${CANARY}-metadata` },
    stop: [`${CANARY}-stop`],
    tools: [
      {
        type: "function",
        function: { name: `${CANARY}-tool`, description: `${CANARY}-tool`, parameters: {} },
      },
    ],
    messages: [
      { role: "user", content: `${CANARY}-prompt ann@example.org` },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          {
            id: `${CANARY}-id`,
            type: "function",
            function: { name: "f", arguments: `{"a":"${CANARY}-arguments"}` },
          },
        ],
      },
    ],
  });
  const ANSWERED = completion({
    choices: [
      { index: 0, message: { role: "assistant", content: `${CANARY}-answer` }, finish_reason: "stop" },
    ],
  });

  function canaries(record: Record): string[] {
    return [...new Set(JSON.stringify(record).match(/canary-7f3a-\w+/g) ?? [])].sort();
  }

  async function recorded(
    level: string | undefined,
    ask: Partial<Ask> = {},
    upstream: Parameters<typeof answer>[1] = { body: ANSWERED },
  ) {
    const stage = createStage({ policy });
    const redact = [{ type: "EMAIL_ADDRESS", action: "mask", where: "request" }];
    const decide = { allow: true, redact, ...(level === undefined ? {} : { audit: { level } }) };
    const path = `/v1/chat/completions?key=${CANARY}-query`;
    const sent = await send(stage, { path, body: SECRETIVE, headers: HEADERS, decide, ...ask });
    if (sent.answer.kind === "pass") await answer(sent, upstream);
    const record = onlyRecord(stage);
    for (const key of Object.values(stage.keys)) assert.ok(!JSON.stringify(record).includes(key));
    return { record, sent, stage };
  }

  test("holds nothing that was said, and no query, header or key, unless policy says full", async () => {
    const streamed = [event(delta(`${CANARY}-answer`, "stop")), event("[DONE]")];
    for (const level of [undefined, "digest", "redacted"]) {
      for (const body of [ANSWERED, streamed]) {
        const { record } = await recorded(level, {}, { body });
        assert.deepEqual(canaries(record), [], level);
        assert.equal(record.content, undefined);
        assert.equal(record.audit.level, level ?? "redacted");
      }
    }
  });

  test("holds request and answer as they were where policy says full, and still no query, header or key", async () => {
    const { record } = await recorded("full");
    assert.equal(record.content?.request, JSON.stringify(SECRETIVE));
    assert.equal(record.content?.response, JSON.stringify(ANSWERED));
    const streamed = await recorded(
      "full",
      {},
      { body: [event(delta(`${CANARY}-`)), event(delta("answer", "stop")), event("[DONE]")] },
    );
    assert.equal(streamed.record.content?.response, `${CANARY}-answer`);
    for (const hidden of ["query", "header", "cookie", "forged"])
      assert.ok(!canaries(record).includes(`${CANARY}-${hidden}`), hidden);
  });

  test("holds what was said as text where it came coded", async () => {
    const gzip = ["content-encoding", "gzip"] as const;
    const { record } = await recorded(
      "full",
      { body: gzipSync(JSON.stringify(SECRETIVE)), headers: [gzip] },
      { headers: [["content-type", "application/json"], gzip], body: gzipSync(JSON.stringify(ANSWERED)) },
    );
    assert.deepEqual(record.content, {
      request: JSON.stringify(SECRETIVE),
      response: JSON.stringify(ANSWERED),
    });
  });

  test("holds nothing that was said of a request that is refused", async () => {
    for (const decide of [null, { allow: false }, { allow: true, hold: { approval: "a" } }, { allow: 1 }]) {
      const { record } = await recorded(undefined, { decide });
      assert.equal(record.verdict, "deny");
      assert.deepEqual(canaries(record), []);
    }
    for (const body of [
      `${CANARY}-broken`,
      `{"${CANARY}-key": 1, "${CANARY}-key": 2}`,
      `{"model": "${CANARY}-x"`,
      `{"model":"small","messages":"${CANARY}-y"}`,
    ])
      assert.deepEqual(canaries((await recorded(undefined, { body })).record), [], body);
  });

  test("has the hashes of the bytes as they came, and as they went on where they changed", async () => {
    const { record, sent } = await recorded(undefined);
    const came = Buffer.from(JSON.stringify(SECRETIVE));
    assert.equal(record.request.bodyBytes, came.length);
    assert.equal(record.request.bodySha256, sha256(came));
    assert.equal(record.request.upstreamBodySha256, sha256(planOf(sent.answer).body ?? ""));
    const coded = gzipSync(came);
    const gzip = await recorded(undefined, {
      body: coded,
      headers: [["content-encoding", "gzip"]],
      decide: { allow: true },
    });
    assert.equal(gzip.record.request.bodySha256, sha256(coded));
    assert.equal(gzip.record.request.bodyBytes, coded.length);
    assert.equal(gzip.record.request.upstreamBodySha256, undefined);
    const none = await recorded(undefined, {
      path: "/other",
      body: undefined,
      method: "GET",
      decide: { allow: true },
    });
    assert.ok(!Object.hasOwn(none.record.request, "bodySha256"));
  });

  test("tells who, what, where and how, in full", async () => {
    const takesTime = ({ clock }: Stage) => {
      clock.monotonicMs += 3;
    };
    const stage = createStage({ policy, beforePolicy: takesTime });
    const reason = { code: "w", kind: "content", message: "m", policy: "a/b", severity: "warning" };
    const decide = { allow: true, reasons: [reason], audit: { labels: { team: "red" } } };
    const sent = await send(stage, {
      body: chatBody({ model: "default" }),
      headers: HEADERS,
      decide,
      principal: "spiffe://mesh.test/ns/acme/sa/app",
    });
    stage.clock.monotonicMs += 20.00049;
    stage.clock.nowMs += 99_999;
    await answer(sent, { body: completion() });
    assert.deepEqual(onlyRecord(stage), {
      id: sent.exchange.id,
      time: new Date(NOW_MS).toISOString(),
      protocol: "ext_proc",
      end: "complete",
      verdict: "allow",
      status: 200,
      request: {
        method: "POST",
        host: "models.test",
        path: "/v1/chat/completions",
        clientRequestId: "client-1",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        bodyBytes: JSON.stringify(chatBody({ model: "default" })).length,
        bodySha256: sha256(JSON.stringify(chatBody({ model: "default" }))),
        upstreamBodySha256: sha256(JSON.stringify(chatBody())),
      },
      identity: {
        principal: "spiffe://mesh.test/ns/acme/sa/app",
        subject: "acme-analyst",
        tenant: "acme",
        roles: ["analyst"],
        method: "api_key",
      },
      inference: { format: "openai-chat", operation: "chat", model: "default", stream: false },
      route: { model: "small", version: "small", target: "us", region: "us", provider: "sim" },
      reasons: [reason],
      redactions: [],
      findings: [],
      estimate: { inputTokens: INPUT_TOKENS, outputTokensMax: 100 },
      usage: { input: 12, output: 5, total: 17 },
      charge: { tokens: 17, source: "reported", costUsd: 0.000022 },
      finishReasons: ["stop"],
      audit: { level: "redacted", labels: { team: "red" } },
      revision: "r1",
      timing: {
        totalMs: 26,
        firstByteMs: 23,
        roomsMs: { identity: 0, formats: 0, inspection: 0, policy: 6, routing: 0, metering: 0, mutation: 0 },
      },
    });
  });

  test("takes no traceparent that is none, and none of several", async () => {
    for (const values of [["x"], ["00-1-2-01"], [HEADERS[2][1], HEADERS[2][1]]]) {
      const headers = values.map((value) => ["traceparent", value] as const);
      assert.ok(!Object.hasOwn((await recorded(undefined, { headers })).record.request, "traceparent"));
    }
  });

  test("is digest, without labels or revision, where policy never decided", async () => {
    const { record } = await recorded(undefined, { body: "nope" });
    assert.deepEqual(record.audit, { level: "digest", labels: {} });
    assert.ok(!Object.hasOwn(record, "revision"));
    assert.ok(!Object.hasOwn(record, "inference"));
  });

  test("says what a dry run of ext_authz would have done", () => {
    const request = { method: "GET", scheme: "http", host: "h", path: "/", pathname: "/", query: undefined };
    const exchange: Exchange = {
      id: "1",
      protocol: "ext_proc",
      startedAtMs: NOW_MS,
      request: { ...request, headers: new Map(), clientRequestId: undefined },
      source: {},
      destination: {},
    };
    const handOver = { decisionId: "1", allowed: true, identity: ANONYMOUS, revision: "r" };
    const dryRunOf = (one: Exchange) => recordOf(openAccount(one, 0), "complete", 1, undefined).dryRun;
    assert.equal(dryRunOf(exchange), undefined);
    assert.equal(dryRunOf({ ...exchange, handOver }), undefined);
    assert.equal(dryRunOf({ ...exchange, handOver: { ...handOver, dryRun: "deny" } }), "deny");
  });

  test("tells how the upstream refused", async () => {
    const error = { error: { message: `${CANARY}-message`, type: "server_error", code: "overloaded" } };
    const { record } = await recorded(undefined, {}, { status: 503, body: error });
    assert.equal(record.upstreamError, "overloaded");
    assert.equal(record.status, 503);
    assert.equal(record.verdict, "allow");
    assert.deepEqual(canaries(record), []);
  });

  test("has the labels of policy by their own names, whatever they are", async () => {
    const stage = createStage({ policy });
    const labels = JSON.parse('{"__proto__": "x", "constructor": "y"}');
    await answer(await send(stage, { body: chatBody(), decide: { allow: true, audit: { labels } } }), {});
    assert.equal(JSON.stringify(onlyRecord(stage).audit.labels), '{"__proto__":"x","constructor":"y"}');
  });
});
