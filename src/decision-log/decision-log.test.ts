import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decidingPolicies, decisionEvent } from "../../test/support/decision-event.ts";
import { type LogReceiver, startLogReceiver } from "../../test/support/log-receiver.ts";
import type { JsonObject } from "../exchange/json.ts";
import { backoffMs } from "../services/backoff.ts";
import { createService } from "../services/index.ts";
import {
  createDecisionLog,
  DecisionLogError,
  type DecisionLogOptions,
  INPUT_BYTES_MAX,
} from "./decision-log.ts";
import { decisionFiles } from "./folder.ts";
import type { UploadOptions } from "./upload.ts";

type Line = { readonly level: string; readonly facts: object; readonly message: string };

function processLog(): { readonly lines: Line[]; readonly log: DecisionLogOptions["log"] } {
  const lines: Line[] = [];
  const take = (level: string) => (facts: object, message: string) =>
    void lines.push({ level, facts, message });
  return { lines, log: { info: take("info"), warn: take("warn"), error: take("error") } };
}

const LABELS = { id: "11111111-2222-3333-4444-555555555555", version: "0.1.0" };

type OpenOptions = Partial<Omit<DecisionLogOptions, "upload">> & {
  readonly url?: string;
  readonly upload?: Partial<UploadOptions>;
};

async function openLog(options: OpenOptions = {}) {
  const { lines, log } = processLog();
  const { url, upload, ...rest } = options;
  const service = createService({ name: "receiver", url: url ?? "http://127.0.0.1:1" });
  const decisionLog = await createDecisionLog({
    labels: LABELS,
    log,
    ...rest,
    ...(url === undefined ? {} : { upload: { service, backoffMs: () => 5, trigger: "manual", ...upload } }),
  });
  return {
    log: decisionLog,
    lines,
    counts: () => decisionLog.status().counts,
    async close() {
      await decisionLog.close();
      await service.close();
    },
  };
}

async function withReceiver(run: (receiver: LogReceiver) => Promise<void>): Promise<void> {
  const receiver = await startLogReceiver();
  try {
    await run(receiver);
  } finally {
    await receiver.close();
  }
}

test("uploads a decision in OPA's form", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      ndBuiltinCache: true,
      requestHeaders: ["User-Agent", "x-none"],
    });
    const event = decisionEvent({
      nondeterministic: { "time.now_ns": { "[]": "1" } },
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      headers: new Map([["user-agent", ["curl"]]]),
    });
    opened.log.log(event);
    await opened.log.upload();
    assert.deepEqual(receiver.events, [
      {
        labels: LABELS,
        decision_id: event.decisionId,
        trace_id: "0af7651916cd43dd8448eb211c80319c",
        span_id: "b7ad6b7169203331",
        bundles: { main: { revision: "r7" } },
        path: "regent/request/decision",
        input: { request: { method: "POST", headers: { accept: ["*/*"] } }, identity: { tenant: "acme" } },
        result: { allow: true, reasons: [] },
        nd_builtin_cache: { "time.now_ns": { "[]": 1 } },
        timestamp: "2024-02-03T04:05:06.78Z",
        metrics: { timer_rego_query_eval_ns: 51_000, timer_server_handler_ns: 93_000 },
        request_context: { http: { headers: { "User-Agent": ["curl"] } } },
      },
    ]);
    assert.deepEqual(
      receiver.uploads.map(({ path }) => path),
      ["/logs"],
    );
    await opened.close();
  }));

test("leaves nd_builtin_cache out unless it is asked for", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url });
    opened.log.log(decisionEvent({ nondeterministic: { "time.now_ns": { "[]": "1" } } }));
    await opened.log.upload();
    assert.equal("nd_builtin_cache" in (receiver.events[0] ?? {}), false);
    await opened.close();
  }));

test("loses nothing while a receiver fails, and sends it all when it recovers", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      upload: { trigger: "periodic", minDelayMs: 5, maxDelayMs: 10, backoffMs, uploadBytesMax: 2048 },
    });
    receiver.misbehave({ kind: "status", status: 500 });
    const sent = Array.from({ length: 300 }, () => decisionEvent());
    for (const event of sent) opened.log.log(event);
    await receiver.attempted(2);
    const failing = opened.log.status();
    assert.equal(failing.lastError?.httpStatus, 500);
    assert.match(
      failing.lastError?.message ?? "",
      /the service receiver \(http:.*\) answered HTTP 500 to \/logs/,
    );
    receiver.misbehave(undefined);
    await receiver.received(300);
    assert.deepEqual(
      receiver.events.map((event) => event.decision_id).sort(),
      sent.map((event) => event.decisionId).sort(),
    );
    assert.ok(receiver.uploads.every(({ bytes }) => bytes <= 2048));
    await opened.close();
    assert.equal(opened.log.status().lastError, undefined);
    assert.deepEqual(opened.log.status().buffer, { type: "size", events: 0, bytes: 0 });
    assert.ok(opened.lines.some(({ message }) => message === "decisions are uploaded again"));
  }));

for (const kind of ["hang", "cut", "flood"] as const) {
  test(`keeps what a receiver did not take because of: ${kind}`, () =>
    withReceiver(async (receiver) => {
      const opened = await openLog({ url: receiver.url, upload: { timeoutMs: 200 } });
      receiver.misbehave({ kind });
      opened.log.log(decisionEvent());
      await assert.rejects(opened.log.upload(), /log upload failed: the service receiver/);
      assert.equal(opened.log.status().buffer?.events, 1);
      receiver.misbehave(undefined);
      await opened.log.upload();
      assert.equal(receiver.events.length, 1);
      await opened.close();
    }));
}

test("keeps what nobody takes because nobody listens, and says at the end what is lost", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const opened = await openLog({ url: `http://127.0.0.1:${port}`, flushMs: 300 });
  opened.log.log(decisionEvent());
  await assert.rejects(opened.log.upload(), /ECONNREFUSED/);
  const startedMs = performance.now();
  await opened.close();
  assert.ok(performance.now() - startedMs < 2_000);
  assert.equal(opened.counts().regent_decision_log_lost_total, 1);
  assert.match(opened.lines.at(-1)?.message ?? "", /1 decisions could not be uploaded within 300 ms/);
});

test("ends within its bound though a receiver hangs", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url, flushMs: 200 });
    receiver.misbehave({ kind: "hang" });
    opened.log.log(decisionEvent());
    const startedMs = performance.now();
    await opened.close();
    assert.ok(performance.now() - startedMs < 2_000);
    assert.equal(opened.counts().regent_decision_log_lost_total, 1);
  }));

test("sends what waits when it is closed, and takes nothing afterwards", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url, upload: { trigger: "periodic" } });
    for (let i = 0; i < 100; i++) opened.log.log(decisionEvent());
    await opened.close();
    assert.equal(receiver.events.length, 100);
    assert.throws(() => opened.log.log(decisionEvent()), DecisionLogError);
    assert.equal(opened.counts().regent_decision_log_refused_total, 1);
  }));

test("sends each chunk at once where the trigger is immediate", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      upload: { trigger: "immediate", uploadBytesMax: 1024 },
    });
    for (let i = 0; i < 200; i++) opened.log.log(decisionEvent());
    await receiver.received(100);
    await opened.close();
    assert.equal(receiver.events.length, 200);
  }));

test("a chunk that the receiver refuses does not hold up the others", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url, upload: { uploadBytesMax: 700 } });
    receiver.misbehave({ kind: "status", status: 413 });
    for (let i = 0; i < 20; i++) opened.log.log(decisionEvent());
    await assert.rejects(opened.log.upload(), /HTTP 413/);
    const { attempts } = receiver;
    assert.ok(attempts > 2, "each chunk was tried");
    receiver.misbehave(undefined);
    await opened.log.upload();
    assert.equal(receiver.events.length, 20);
    await opened.close();
  }));

test("drops the oldest when its bytes are full, and counts them", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      upload: { uploadBytesMax: 2048, buffer: { type: "size", bytes: 8192 } },
    });
    const sent = Array.from({ length: 500 }, () =>
      decisionEvent({ input: Buffer.from(JSON.stringify({ noise: randomBytes(100).toString("hex") })) }),
    );
    receiver.misbehave({ kind: "status", status: 503 });
    for (const event of sent) opened.log.log(event);
    await assert.rejects(opened.log.upload(), /HTTP 503/);
    const left = opened.log.status().buffer;
    assert.ok(left !== undefined && left.bytes <= 8192, "within its limit");
    receiver.misbehave(undefined);
    await opened.log.upload();
    const dropped = opened.counts().decision_logs_dropped_buffer_size_limit_exceeded;
    assert.equal(opened.counts().decision_logs_dropped_buffer_size_limit_bytes_exceeded, dropped);
    assert.equal(receiver.events.length, 500 - dropped);
    assert.deepEqual(
      receiver.events.map((event) => event.decision_id),
      sent.slice(dropped).map((event) => event.decisionId),
    );
    await opened.close();
  }));

test("drops the oldest when it holds as many events as it may, and counts them", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url, upload: { buffer: { type: "event", events: 10 } } });
    const sent = Array.from({ length: 25 }, () => decisionEvent());
    for (const event of sent) opened.log.log(event);
    assert.equal(opened.log.status().buffer?.events, 10);
    await opened.log.upload();
    assert.deepEqual(
      receiver.events.map((event) => event.decision_id),
      sent.slice(15).map((event) => event.decisionId),
    );
    assert.equal(opened.counts().decision_logs_dropped_buffer_size_limit_exceeded, 15);
    assert.equal(opened.counts().decision_logs_dropped_buffer_size_limit_bytes_exceeded, 0);
    await opened.close();
  }));

test("uploads before its time when the buffer is half full", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      upload: { trigger: "periodic", buffer: { type: "event", events: 10 } },
    });
    for (let i = 0; i < 5; i++) opened.log.log(decisionEvent());
    await receiver.received(5);
    await opened.close();
  }));

test("keeps to max_decisions_per_second by a clock that does not jump, and counts what is too much", () =>
  withReceiver(async (receiver) => {
    let nowMs = 1_000;
    const opened = await openLog({
      url: receiver.url,
      monotonicMs: () => nowMs,
      upload: { decisionsPerSecondMax: 5 },
    });
    for (let i = 0; i < 8; i++) opened.log.log(decisionEvent());
    nowMs += 400;
    for (let i = 0; i < 8; i++) opened.log.log(decisionEvent());
    await opened.log.upload();
    assert.equal(receiver.events.length, 7);
    assert.equal(opened.counts().decision_logs_dropped_rate_limit_exceeded, 9);
    await opened.close();
  }));

test("uploads go on at their pace when the wall clock jumps", (context) =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      upload: { trigger: "periodic", minDelayMs: 20, maxDelayMs: 20 },
    });
    const real = Date.now;
    context.mock.method(Date, "now", () => real() - 86_400_000);
    opened.log.log(decisionEvent());
    await receiver.received(1);
    context.mock.method(Date, "now", () => real() + 86_400_000);
    opened.log.log(decisionEvent());
    await receiver.received(2);
    await opened.close();
  }));

test("an event that is too large loses its nd_builtin_cache, then goes altogether, and both are counted", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({
      url: receiver.url,
      ndBuiltinCache: true,
      upload: { uploadBytesMax: 2048 },
    });
    const noise = () => randomBytes(3000).toString("hex");
    const smaller = decisionEvent({ nondeterministic: { "rand.intn": { "[1]": noise() } } });
    const tooLarge = decisionEvent({ input: Buffer.from(JSON.stringify({ noise: noise() })) });
    const fine = decisionEvent({ nondeterministic: { "rand.intn": { "[1]": 1 } } });
    for (const event of [smaller, tooLarge, fine]) opened.log.log(event);
    await opened.log.upload();
    assert.deepEqual(
      receiver.events.map((event) => [event.decision_id, "nd_builtin_cache" in event]),
      [
        [smaller.decisionId, false],
        [fine.decisionId, true],
      ],
    );
    assert.equal(opened.counts().decision_logs_nd_builtin_cache_dropped, 1);
    assert.equal(opened.counts().decision_logs_encoding_failure, 1);
    assert.match(
      opened.lines[0]?.message ?? "",
      /larger than an upload may be; raise reporting.uploadSizeLimit/,
    );
    await opened.close();
  }));

test("an input beyond the bound is left out, and the event says so", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url });
    const input = Buffer.from(`{"prompt":"${"a".repeat(INPUT_BYTES_MAX)}"}`);
    opened.log.log(decisionEvent({ input }));
    await opened.log.upload();
    const [event] = receiver.events;
    assert.equal("input" in (event ?? {}), false);
    assert.deepEqual(event?.erased, ["/input"]);
    assert.match(reasonIn(event), /larger than/);
    await opened.close();
  }));

test("drop and mask policies of the deciding revision have their say in every sink", () =>
  withReceiver(async (receiver) => {
    const dir = await mkdtemp(join(tmpdir(), "decisions-"));
    const console: string[] = [];
    const opened = await openLog({
      url: receiver.url,
      folder: { dir, fileBytes: 1024 * 1024, filesMax: 3 },
      console: (line) => console.push(line),
    });
    const policies = decidingPolicies({
      "system/log/drop": (event) => (event.input as JsonObject).health === true,
      "system/log/mask": () => ["/input/secret", { op: "upsert", path: "/result/why", value: "masked" }],
    });
    opened.log.log(decisionEvent({ policies, input: Buffer.from('{"health":true}') }));
    const result = { allow: false, why: "sesame" };
    opened.log.log(
      decisionEvent({
        policies,
        input: Buffer.from('{"secret":"sesame",\n"n":12345678901234567890}'),
        result,
      }),
    );
    await opened.log.upload();
    await opened.close();
    const written = await readFile(join(dir, (await decisionFiles(dir))[0] ?? ""), "utf8");
    for (const text of [JSON.stringify(receiver.events), written, console.join("")]) {
      assert.equal(text.includes("sesame"), false);
      assert.equal(text.includes("masked"), true);
    }
    const [event, ...others] = receiver.events;
    assert.deepEqual(others, []);
    assert.deepEqual(event?.erased, ["/input/secret"]);
    assert.deepEqual(event?.masked, ["/result/why"]);
    assert.ok(written.includes('"input":{"n":12345678901234567890}'), "numbers stay exact");
    assert.deepEqual(result, { allow: false, why: "sesame" }, "what is answered is not masked");
    assert.equal(opened.counts().regent_decision_log_dropped_by_policy_total, 1);
    assert.equal(console.length, 1);
    const line = JSON.parse(console[0] ?? "");
    assert.deepEqual(
      [line.level, line.msg, line.type, line.decision_id],
      ["info", "Decision Log", "openpolicyagent.org/decision_logs", event?.decision_id],
    );
    await rm(dir, { recursive: true });
  }));

/** Why an event has no content. */
function reasonIn(event: JsonObject = {}): string {
  const { regent } = event.custom as { readonly regent: { readonly erased_because: string } };
  return regent.erased_because;
}

const BAD_MASKS: { readonly [what: string]: () => never | JsonObject | (string | JsonObject)[] } = {
  "a mask that fails": () => {
    throw new Error("sesame");
  },
  "a mask that is no list": () => ({ op: "remove", path: "/input/sesame" }),
  "a rule of an unknown op": () => [{ op: "hash", path: "/input/sesame" }],
  "a path to elsewhere": () => ["/labels/sesame"],
  "a path that is none": () => ["input/sesame"],
};

for (const [what, mask] of Object.entries(BAD_MASKS)) {
  test(`${what} loses no secret and no event`, () =>
    withReceiver(async (receiver) => {
      const opened = await openLog({ url: receiver.url, ndBuiltinCache: true });
      const policies = decidingPolicies({ "system/log/mask": mask });
      opened.log.log(
        decisionEvent({
          policies,
          input: Buffer.from('{"secret":"sesame"}'),
          result: "sesame",
          nondeterministic: { x: { "[]": "sesame" } },
        }),
      );
      await opened.log.upload();
      const [event] = receiver.events;
      assert.equal(JSON.stringify(event).includes("sesame"), false);
      assert.deepEqual(event?.erased, ["/input", "/result", "/nd_builtin_cache"]);
      assert.match(reasonIn(event), /mask/);
      assert.equal(opened.counts().regent_decision_log_mask_failures_total, 1);
      assert.equal(
        JSON.stringify(opened.lines, (_, value) => (value instanceof Error ? value.stack : value)).includes(
          "sesame",
        ),
        false,
      );
      await opened.close();
    }));
}

test("a mask that is configured by name and that the policies do not have loses no secret", () =>
  withReceiver(async (receiver) => {
    const opened = await openLog({ url: receiver.url, maskDecision: "/acme/mask" });
    opened.log.log(decisionEvent({ input: Buffer.from('{"secret":"sesame"}') }));
    await opened.log.upload();
    assert.equal(JSON.stringify(receiver.events).includes("sesame"), false);
    assert.equal(receiver.events.length, 1);
    await opened.close();
  }));
