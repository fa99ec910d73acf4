import assert from "node:assert/strict";
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
  onlyRecord,
  refusalIn,
  type Sent,
  type Stage,
  send,
  type Upstream,
  USAGE_EVENT,
} from "../../test/support/pipeline.ts";
import { headersFrom } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import { openaiChat } from "../formats/openai-chat/index.ts";
import { SSE_EVENT_BYTES_MAX } from "../wire/sse.ts";
import { READ_ANSWER_BYTES_MAX } from "./answer/body-plan.ts";
import { STREAM_WINDOW_BYTES_MAX } from "./answer/demands.ts";

const policy = await compileAnswering();
const typed = (type: string) => [["content-type", type]] as const;

async function sent(ask: Partial<Ask> = {}): Promise<{ stage: Stage; sent: Sent }> {
  const stage = createStage({ policy });
  return { stage, sent: await send(stage, { body: chatBody(), ...ask }) };
}

async function modeOf(headers: Upstream["headers"], ask: Partial<Ask> = {}): Promise<string> {
  const { sent: exchange } = await sent(ask);
  return (await answer(exchange, { headers: headers ?? [], body: completion() })).mode;
}

describe("the body of an answer", () => {
  test("is held back whole where it is JSON, read piece by piece where it is an event stream, else left alone", async () => {
    for (const [type, mode] of [
      ["application/json", "buffered"],
      ["Application/JSON; charset=utf-8", "buffered"],
      ["application/problem+json", "buffered"],
      ["text/event-stream", "stream"],
      ["text/event-stream;charset=utf-8", "stream"],
      ["text/html", "none"],
      ["application/jsonl", "stream"],
      ["application/x-ndjson; charset=utf-8", "stream"],
      ["application/json-seq", "none"],
      ["application/vnd.amazon.eventstream", "none"],
      ["constructor", "none"],
      ["", "none"],
    ] as const)
      assert.equal(await modeOf(typed(type)), mode, type);
    assert.equal(await modeOf([]), "none");
  });

  test("is left alone where a stream is coded in an unknown way, or nobody could hold so much", async () => {
    for (const coding of ["compress", "gzip, br", "many"])
      assert.equal(await modeOf([...typed("text/event-stream"), ["content-encoding", coding]]), "none");
    const length = (bytes: number | string) =>
      [...typed("application/json"), ["content-length", String(bytes)]] as const;
    assert.equal(await modeOf(length(READ_ANSWER_BYTES_MAX)), "buffered");
    assert.equal(await modeOf(length(READ_ANSWER_BYTES_MAX + 1)), "none");
    assert.equal(await modeOf(length("many")), "none");
  });

  test("is left alone where the request was no inference", async () => {
    const other = { path: "/other", method: "POST", body: "{}" };
    for (const type of ["application/json", "text/event-stream"])
      assert.equal(await modeOf(typed(type), other), "none");
  });

  test("is not waited for where there is none", async () => {
    const { sent: exchange } = await sent();
    assert.equal((await answer(exchange, { headers: typed("application/json") })).mode, "none");
  });

  test("is read where it is coded, and passed on as it came", async () => {
    const { stage, sent: exchange } = await sent();
    const body = gzipSync(JSON.stringify(completion()));
    const headers = [...typed("application/json"), ["content-encoding", "gzip"]] as const;
    const given = await answer(exchange, { headers, body });
    assert.deepEqual(given.bytes, body);
    assert.equal(given.plan?.body, undefined);
    assert.deepEqual(onlyRecord(stage).usage, { input: 12, output: 5, total: 17 });
  });
});

describe("the head of an answer", () => {
  const hostile = [
    ...typed("application/json"),
    ["x-regent-decision-id", "forged"],
    ["x-regent-reason", "forged"],
    ["x-other", "kept"],
  ] as const;

  test("loses what the upstream says under Regent's names and gets the decision id, in every mode", async () => {
    for (const type of ["application/json", "text/event-stream", "text/html"]) {
      const { sent: exchange } = await sent();
      const headers = [...typed(type), ...hostile.slice(1)];
      const { headers: changes } = await headOf(exchange, headers);
      assert.deepEqual(changes.set, [["x-regent-decision-id", exchange.exchange.id]], type);
      assert.deepEqual(changes.remove, ["x-regent-reason"], type);
    }
  });

  test("is changed as policy asks, which Regent's own names are closed to", async () => {
    for (const [type, mode] of [
      ["application/json", "buffered"],
      ["text/event-stream", "stream"],
      ["text/html", "none"],
    ] as const) {
      const decideAnswer = {
        allow: true,
        transform: { set_headers: { Warning: "299" }, remove_headers: ["Server"] },
      };
      const { sent: exchange } = await sent({ decideAnswer });
      const given = await answer(exchange, { headers: typed(type), body: completion() });
      assert.equal(given.mode, mode);
      assert.deepEqual(
        new Map(given.plan?.headers.set),
        new Map([
          ["warning", "299"],
          ["x-regent-decision-id", exchange.exchange.id],
        ]),
      );
      assert.deepEqual(given.plan?.headers.remove, ["server"]);
    }
    const forging = await sent({
      decideAnswer: { allow: true, transform: { set_headers: { "x-regent-decision-id": "x" } } },
    });
    const given = await answer(forging.sent, { body: completion() });
    assert.equal(given.own && refusalIn(given.own).code, "policy_output_invalid");
  });

  async function headOf({ governance }: Sent, headers: Iterable<readonly [string, string]>) {
    const head = await governance.responseHead({ status: 200, headers: headersFrom(headers) }, false);
    assert.ok(head.kind === "pass");
    return head.plan;
  }
});

describe("response policy", () => {
  test("sees the whole answer where it is held back, and none of a stream", async () => {
    const { stage, sent: exchange } = await sent();
    stage.clock.monotonicMs += 40;
    await answer(exchange, { body: completion() });
    const input = JSON.parse(stage.asked[1]?.text ?? "");
    assert.equal(input.phase, "response");
    assert.deepEqual(input.response, {
      status: 200,
      headers: { "content-type": ["application/json"] },
      usage: { input: 12, output: 5, total: 17 },
      finish_reasons: ["stop"],
      text_bytes: 3,
      latency_ms: 40,
    });
    assert.equal(input.request.body, null);
    const streamed = await sent();
    await answer(streamed.sent, { body: [event(delta("a", "stop")), event("[DONE]")] });
    assert.deepEqual(Object.keys(JSON.parse(streamed.stage.asked[1]?.text ?? "").response), [
      "status",
      "headers",
      "latency_ms",
    ]);
  });

  test("is asked once for each answer, whatever its body", async () => {
    for (const body of [completion(), [event("[DONE]"), ""], undefined]) {
      const { stage, sent: exchange } = await sent();
      await answer(exchange, body === undefined ? {} : { body });
      assert.equal(stage.asked.length, 2);
    }
  });

  test("comes before a stream that ends with its head is refused, because clients take that for an answer", async () => {
    for (const [headers, status] of [
      [typed("text/event-stream"), 502],
      [typed("application/x-ndjson"), 502],
      [typed("application/json"), undefined],
      [[...typed("text/event-stream"), ["grpc-status", "0"]], undefined],
    ] as const) {
      const { stage, sent: exchange } = await sent();
      const { own } = await answer(exchange, { headers });
      assert.equal(own?.status, status);
      if (status !== undefined) assert.equal(onlyRecord(stage).upstreamError, "upstream_incomplete");
    }
  });

  test("may not ask for what cannot be done to an answer", async () => {
    const limit = { key: "k", unit: "tokens", amount: 1, window: "1h" };
    for (const more of [
      { redact: [{ type: "EMAIL_ADDRESS", action: "tokenize", where: "response" }] },
      { redact: [{ type: "EMAIL_ADDRESS", action: "mask", where: "request" }] },
      { limits: [limit] },
      { transform: { body_patch: [{ op: "remove", path: "/model" }] } },
      { transform: { set_query: { a: "b" } } },
      { hold: { approval: "board" } },
      { response: { stream_window_bytes: STREAM_WINDOW_BYTES_MAX + 1 } },
      { route: { model: "large" } },
      { route: { targets: ["eu"] } },
      { route: { headers: { "x-a": "b" } } },
      { route: { strict: true } },
    ] satisfies JsonObject[]) {
      for (const body of [completion(), [event("[DONE]"), ""]]) {
        const { stage, sent: exchange } = await sent({ decideAnswer: { allow: true, ...more } });
        const { own } = await answer(exchange, { body });
        assert.ok(own, JSON.stringify(more));
        assert.equal(refusalIn(own).code, "obligation_unsupported");
        assert.equal(onlyRecord(stage).verdict, "deny");
      }
    }
  });

  test("adds its warnings and labels to the record", async () => {
    const reason = { code: "w", kind: "content", message: "m", policy: "a/b", severity: "warning" };
    const { stage, sent: exchange } = await sent({
      decide: { allow: true, reasons: [{ ...reason, code: "first" }], audit: { labels: { team: "a" } } },
      decideAnswer: { allow: true, reasons: [reason], audit: { labels: { topic: "b" } } },
    });
    await answer(exchange, { body: completion() });
    const { reasons, audit } = onlyRecord(stage);
    assert.deepEqual(
      reasons.map(({ code }) => code),
      ["first", "w"],
    );
    assert.deepEqual(audit.labels, { team: "a", topic: "b" });
  });
});

describe("an answer in JSON lines", () => {
  const headers = typed("application/x-ndjson");
  const line = (object: JsonObject) => `${JSON.stringify(object)}\n`;
  const whole = [line(delta("Hel")), line(delta("lo", "stop")), line(USAGE_EVENT)];
  const chat = () => sent({ body: chatBody({ stream: true }) });

  test("is passed on and metered like any stream, wherever it is cut", async () => {
    const text = Buffer.from(whole.join(""));
    for (let at = 1; at < text.length; at += 7) {
      const { stage, sent: exchange } = await chat();
      const given = await answer(exchange, { headers, body: [text.subarray(0, at), text.subarray(at)] });
      assert.equal(given.bytes.toString(), [whole[0], whole[1]].join(""), `cut at ${at}`);
      assert.deepEqual(onlyRecord(stage).usage, { input: 12, output: 5, total: 17 });
    }
  });

  test("ends with a line that is an error where the upstream broke off", async () => {
    const { stage, sent: exchange } = await chat();
    const given = await answer(exchange, { headers, body: [whole[0] ?? "", "{"] });
    const lines = given.bytes.toString().split("\n");
    assert.deepEqual([lines[0], lines[2]], [whole[0]?.trim(), ""]);
    assert.equal(JSON.parse(lines[1] ?? "").error.code, "upstream_incomplete");
    assert.equal(onlyRecord(stage).upstreamError, "upstream_incomplete");
  });

  test("is refused with a line when reading it fails", async (t) => {
    const { stage, sent: exchange } = await chat();
    const framing = openaiChat.framings?.["application/x-ndjson"];
    assert.ok(framing !== undefined);
    t.mock.method(framing.stream, "step", () => {
      throw new TypeError("secret fault");
    });
    const given = await answer(exchange, { headers, body: whole });
    assert.equal(JSON.parse(given.bytes.toString()).error.code, "internal_error");
    assert.equal(onlyRecord(stage).verdict, "deny");
  });
});

describe("a streamed answer", () => {
  const whole = [event(delta("Hel")), event(delta("lo", "stop")), event(USAGE_EVENT), event("[DONE]")];

  test("reaches the client byte for byte where it asked for the usage itself", async () => {
    const body = chatBody({ stream: true, stream_options: { include_usage: true } });
    const { stage, sent: exchange } = await sent({ body });
    const given = await answer(exchange, { body: whole });
    assert.equal(given.bytes.toString(), whole.join(""));
    assert.deepEqual(onlyRecord(stage).usage, { input: 12, output: 5, total: 17 });
    assert.deepEqual(onlyRecord(stage).finishReasons, ["stop"]);
  });

  test("hides the usage that Regent asked for, and counts it all the same", async () => {
    const { stage, sent: exchange } = await sent({ body: chatBody({ stream: true }) });
    const given = await answer(exchange, { body: whole });
    assert.equal(given.bytes.toString(), [whole[0], whole[1], whole[3]].join(""));
    assert.deepEqual(onlyRecord(stage).charge, { tokens: 17, source: "reported", costUsd: 0.000022 });
  });

  test("gives the same however it is cut", async () => {
    const text = Buffer.from(whole.join(""));
    for (let at = 1; at < text.length; at += 7) {
      const { sent: exchange } = await sent({ body: chatBody({ stream: true }) });
      const given = await answer(exchange, { body: [text.subarray(0, at), text.subarray(at)] });
      assert.equal(given.bytes.toString(), [whole[0], whole[1], whole[3]].join(""), `cut at ${at}`);
    }
  });

  test("ends with an error event where the upstream broke off, and the record says so", async () => {
    for (const pieces of [whole.slice(0, 1), [...whole.slice(0, 1), whole[1]?.slice(0, 20) ?? ""], [""]]) {
      const { stage, sent: exchange } = await sent({ body: chatBody({ stream: true }) });
      const given = await answer(exchange, { body: pieces });
      const events = given.bytes.toString().split("\n\n").filter(Boolean);
      const last = JSON.parse(events.at(-1)?.slice("data: ".length) ?? "");
      assert.equal(last.error.code, "upstream_incomplete");
      assert.ok(!given.bytes.includes("[DONE]"));
      assert.equal(events.slice(0, -1).join(""), pieces[0]?.trim());
      assert.equal(onlyRecord(stage).upstreamError, "upstream_incomplete");
    }
  });

  test("ends with an error event at once where it can be read no further", async () => {
    const { stage, sent: exchange } = await sent({ body: chatBody({ stream: true }) });
    const { governance } = exchange;
    await governance.responseHead({ status: 200, headers: headersFrom(typed("text/event-stream")) }, false);
    const endless = Buffer.concat([Buffer.from("data: "), Buffer.alloc(SSE_EVENT_BYTES_MAX, "x")]);
    assert.equal((await governance.responseChunk(Buffer.from(whole[0] ?? ""), false)).end, false);
    const { bytes, end } = await governance.responseChunk(endless, false);
    assert.equal(end, true);
    assert.equal(JSON.parse(bytes.toString().slice("data: ".length)).error.code, "upstream_incomplete");
    governance.end("complete");
    assert.equal(onlyRecord(stage).upstreamError, "upstream_incomplete");
  });

  test("is refused with its last event when reading it fails, and is settled and recorded once", async (t) => {
    const { stage, sent: exchange } = await sent({ body: chatBody({ stream: true }) });
    t.mock.method(openaiChat.stream, "step", () => {
      throw new TypeError("secret fault");
    });
    const given = await answer(exchange, { body: whole });
    const refusal = JSON.parse(given.bytes.toString().slice("data: ".length));
    assert.equal(refusal.error.code, "internal_error");
    assert.ok(!given.bytes.includes("secret"));
    const record = onlyRecord(stage);
    assert.equal(record.verdict, "deny");
    assert.deepEqual(
      record.reasons.map(({ code }) => code),
      ["internal_error"],
    );
    assert.equal(stage.logged.length, 1);
    assert.ok((record.charge?.tokens ?? 0) > 0);
  });

  test("is recorded and settled also where nothing can be said of it any more", async (t) => {
    const limits = [{ key: "tenant:acme", unit: "tokens", amount: 1_000, window: "1h" }];
    const { stage, sent: exchange } = await sent({
      body: chatBody({ stream: true }),
      decide: { allow: true, limits },
    });
    const failing = () => {
      throw new TypeError("fault");
    };
    t.mock.method(openaiChat.stream, "step", failing);
    t.mock.method(openaiChat.stream, "finish", failing);
    await answer(exchange, { body: whole });
    const record = onlyRecord(stage);
    assert.equal(record.charge?.source, "reserved");
    assert.deepEqual(
      stage.meter.budgets("acme").map(({ used, reserved }) => [used, reserved]),
      [[record.charge?.tokens, 0]],
    );
    assert.equal(stage.logged.length, 2);
  });
});

test("refuses a body or a chunk that was not asked for", async () => {
  const { sent: exchange } = await sent();
  const { governance } = exchange;
  const body = await governance.responseBody(Buffer.from("{}"));
  assert.ok(body.kind === "answer");
  assert.equal(refusalIn(body.answer).code, "internal_error");
  const chunk = await governance.responseChunk(Buffer.from("data: x\n\n"), false);
  assert.equal(chunk.end, true);
  assert.ok(!chunk.bytes.includes("data: x"));
});
