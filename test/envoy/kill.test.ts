import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { verifyAudit } from "../../src/audit/verify.ts";
import type { Record } from "../../src/exchange/record.ts";
import { TIMES } from "../../src/local/envoy/options.ts";
import { ALLOWED_BODY, ANALYST, CHAT_PATH, chat, codeOf, DENIED_BODY, post } from "./governed/ask.ts";
import { assertGoverned, ungoverned } from "./governed/oracle.ts";
import { eventually } from "./governed/records.ts";
import { type Governed, startGoverned } from "./governed/stack.ts";
import { type Sent, startTraffic, type Traffic } from "./governed/traffic.ts";

/** What a kill may take, as docs/audit.md states it: the records of the last flush interval ... */
const FLUSH_MS = 100;
/** ... and those of the write that is running, which on a busy disk takes its time. */
const WRITE_MS_MAX = 750;
const CONNECTIONS = 16;
const KILLS = 3;
/** Between two kills: long enough that most records are on disk and must be there. */
const RUN_MS = 1_500;

/** No request that policy denies may be among them, nor may anybody have been told that it was served. */
function assertNothingDeniedPassed(stack: Governed, traffic: Traffic): void {
  const denied = traffic.sent.filter(({ allowed }) => !allowed);
  assert.ok(denied.length > 50, "enough was denied for this to say something");
  assert.deepEqual(
    denied.filter(({ status }) => status !== undefined && status < 400),
    [],
  );
  const reached = stack
    .witnessed()
    .map(({ body }) => body)
    .join("\n");
  assert.deepEqual(
    denied.filter(({ marker }) => reached.includes(marker)),
    [],
  );
}

/** The request that a model saw. */
function sentAs(traffic: Traffic, body: string): Sent {
  const number = Number(/marker-(\d+)-/.exec(body)?.[1]);
  const sent = traffic.sent[number];
  assert.ok(sent, body);
  return sent;
}

describe("the sidecar is killed at load", () => {
  let stack: Governed;
  let traffic: Traffic;
  const killedMs: number[] = [];

  before(async () => {
    stack = await startGoverned();
    traffic = startTraffic(stack.port, CONNECTIONS);
    for (let kills = 0; kills < KILLS; kills++) {
      await wait(RUN_MS);
      killedMs.push(performance.now());
      stack.regent.kill("SIGKILL");
      await stack.regent.ended;
      await stack.regent.restart();
    }
    await wait(RUN_MS);
    await traffic.stop();
  });
  after(async () => {
    await traffic?.stop();
    await stack?.stop();
  });

  test("and nothing that policy denies reaches a model, before, during or after", () => {
    assertNothingDeniedPassed(stack, traffic);
  });

  test("and requests are served again each time", () => {
    for (const [index, fromMs] of killedMs.entries()) {
      const toMs = killedMs[index + 1] ?? Number.POSITIVE_INFINITY;
      const served = traffic.sent.filter(
        ({ sentMs, status }) => sentMs > fromMs && sentMs < toMs && status === 200,
      );
      assert.ok(served.length > 20, `${served.length} after kill ${index + 1}`);
    }
  });

  test("and a request without an answer of the sidecar's is refused, or cut off", () => {
    const statuses = new Set(traffic.sent.filter(({ allowed }) => allowed).map(({ status }) => status));
    for (const status of statuses) assert.ok([undefined, 200, 503].includes(status), String(status));
  });

  test("and the chain of records verifies, with a beginning for every start", async () => {
    const { findings, lines } = await verifyAudit(stack.auditDir);
    assert.deepEqual(findings, []);
    assert.ok(lines > 100);
  });

  test("and what a kill takes is at most the records of the last flush interval and of the running write", async () => {
    const records = await settledRecords(stack, traffic, killedMs);
    const recorded = new Set(records.map(({ id }) => id));
    const lost = traffic.sent.filter(
      ({ decisionId }) => decisionId !== undefined && !recorded.has(decisionId),
    );
    for (const { marker, answeredMs } of lost) {
      const before = killedMs
        .map((killed) => killed - (answeredMs ?? killed))
        .filter((ms) => ms >= -WRITE_MS_MAX);
      const sinceMs = Math.min(...before);
      assert.ok(sinceMs <= FLUSH_MS + WRITE_MS_MAX, `${marker} was answered ${sinceMs} ms before a kill`);
    }
    // Most of what was answered is there, or all of this would say little.
    assert.ok(lost.length < traffic.sent.length / 5, `${lost.length} of ${traffic.sent.length}`);
  });

  test("and whatever reached a model has its allow, or was in flight or just answered at a kill", async () => {
    const records = await settledRecords(stack, traffic, killedMs);
    const recorded = new Set(records.map(({ id }) => id));
    const [known, unknown] = [true, false].map((there) =>
      stack.witnessed().filter(({ decisionId }) => recorded.has(decisionId ?? "") === there),
    );
    assert.deepEqual(ungoverned(known ?? [], records), []);
    for (const { body } of unknown ?? []) {
      const { allowed, sentMs, answeredMs } = sentAs(traffic, body);
      assert.ok(allowed);
      const since = (killed: number) => killed - (answeredMs ?? killed);
      assert.ok(
        killedMs.some((killed) => sentMs < killed && since(killed) <= FLUSH_MS + WRITE_MS_MAX),
        `${body} has no record and was not near a kill`,
      );
    }
  });
});

/** The records, once all of the requests are in that came long after the last kill. */
function settledRecords(stack: Governed, traffic: Traffic, killedMs: readonly number[]): Promise<Record[]> {
  const last = killedMs.at(-1) ?? 0;
  const after = traffic.sent.filter(({ sentMs, decisionId }) => sentMs > last && decisionId !== undefined);
  return eventually("the records after the last kill", async () => {
    const records = await stack.records();
    const ids = new Set(records.map(({ id }) => id));
    return after.every(({ decisionId, status }) => status !== 200 || ids.has(decisionId ?? ""))
      ? records
      : undefined;
  });
}

describe("Envoy is killed at load", () => {
  let stack: Governed;
  let traffic: Traffic;

  before(async () => {
    stack = await startGoverned();
    traffic = startTraffic(stack.port, CONNECTIONS);
    for (let kills = 0; kills < KILLS - 1; kills++) {
      await wait(RUN_MS);
      stack.envoy.kill("SIGKILL");
      await stack.envoy.ended;
      await stack.envoy.restart();
    }
    await wait(RUN_MS);
    await traffic.stop();
  });
  after(async () => {
    await traffic?.stop();
    await stack?.stop();
  });

  test("and nothing that policy denies reaches a model", () => assertNothingDeniedPassed(stack, traffic));

  test("and the sidecar keeps an account of everything that reached a model, and serves the next Envoy", async () => {
    await assertGoverned(stack);
    const ends = new Set((await stack.records()).map(({ end }) => end));
    assert.ok(ends.has("complete") && ends.has("refused"));
    assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
  });
});

/** What Envoy adds to its own limit on a busy machine. */
const LATE_MS_MAX = 1_500;

/** Each filter waits its time: ext_authz for the request, then ext_proc for the refusal that Envoy makes of that. */
const WAITS = [
  ["ext_proc", 1],
  ["both", 2],
] as const;

for (const [filters, waits] of WAITS)
  describe(`the sidecar is stopped and does not answer, with ${filters}`, () => {
    let stack: Governed;
    before(async () => {
      stack = await startGoverned({ filters });
      assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
    });
    after(async () => {
      stack?.regent.kill("SIGCONT");
      await stack?.stop();
    });

    test("and Envoy refuses within the time that it gives the sidecar, and lets nothing through", async () => {
      const before = stack.witnessed().length;
      stack.regent.kill("SIGSTOP");
      const started = performance.now();
      const streamed = JSON.stringify(chat("sim-small", "Hello.", { stream: true }));
      const asks = [ALLOWED_BODY, DENIED_BODY, streamed, "no JSON"];
      const answers = await Promise.all(asks.map((body) => post(stack.port, body)));
      const tookMs = performance.now() - started;
      for (const answer of answers)
        assert.deepEqual([answer.status, codeOf(answer)], [503, "policy_unreachable"]);
      assert.ok(tookMs < waits * TIMES.regentAnswer * 1_000 + LATE_MS_MAX, `${tookMs} ms`);

      stack.regent.kill("SIGCONT");
      await eventually("an answer again", async () =>
        (await post(stack.port, ALLOWED_BODY)).status === 200 ? true : undefined,
      );
      // What the sidecar decided too late went nowhere.
      assert.equal(stack.witnessed().length, before + 1);
      await assertGoverned(stack);
    });

    test("in the middle of a stream, and nothing of it passes until it goes on", async () => {
      const content = "[[pace:20]][[say:40]]";
      const answer = await fetch(`http://127.0.0.1:${stack.port}${CHAT_PATH}`, {
        method: "POST",
        headers: { "content-type": "application/json", ...ANALYST },
        body: JSON.stringify(chat("sim-small", content, { stream: true })),
      });
      const pieces: number[] = [];
      const done = (async () => {
        let text = "";
        for await (const piece of answer.body ?? []) {
          pieces.push(performance.now());
          text += Buffer.from(piece).toString();
        }
        return text;
      })();
      await eventually("the first piece", () => (pieces.length > 0 ? true : undefined));
      stack.regent.kill("SIGSTOP");
      // What the sidecar had answered already may still come.
      await wait(IN_FLIGHT_MS);
      const held = pieces.length;
      // Longer than all the rest of the stream takes.
      await wait(HELD_MS);
      assert.equal(pieces.length, held);
      stack.regent.kill("SIGCONT");
      assert.match(await done, /data: \[DONE\]\n\n$/);
    });
  });

const IN_FLIGHT_MS = 200;
const HELD_MS = 1_200;
