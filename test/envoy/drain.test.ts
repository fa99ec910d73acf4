import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { stringify } from "yaml";
import { tailAudit } from "../../src/audit/query.ts";
import { REGENT_MAIN } from "../../src/local/programs.ts";
import { ANALYST, assertRefused, CHAT_PATH, chat, codeOf, post } from "./governed/ask.ts";
import { assertGoverned } from "./governed/oracle.ts";
import { recordOf } from "./governed/records.ts";
import { type Governed, startGoverned } from "./governed/stack.ts";
import { startTraffic } from "./governed/traffic.ts";

/** A streamed answer as its client takes it in. */
type Stream = {
  readonly decisionId: string;
  /** Resolves with everything that came, and whether the transfer came to its end. */
  readonly whole: Promise<{ readonly text: string; readonly end: "clean" | "broken" }>;
};

const HELLO = JSON.stringify(chat("sim-small", "Hello."));
const STREAMS = 20;
/** Tokens of an answer, and milliseconds between them: streams that last two seconds. */
const SAY = 40;
const PACE_MS = 50;

let stack: Governed;
before(async () => {
  stack = await startGoverned();
});
after(() => stack?.stop());

/** Begins a stream and gives it once its first piece is there. */
async function beginStream(say: number, paceMs: number): Promise<Stream> {
  const content = `[[say:${say}]][[pace:${paceMs}]]`;
  const answer = await fetch(`http://127.0.0.1:${stack.port}${CHAT_PATH}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...ANALYST },
    body: JSON.stringify(chat("sim-small", content, { stream: true })),
  });
  assert.equal(answer.status, 200);
  const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let text = Buffer.from((await reader.read()).value ?? []).toString();
  const rest = async (): Promise<Awaited<Stream["whole"]>> => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return { text, end: "clean" };
        text += Buffer.from(value).toString();
      }
    } catch {
      return { text, end: "broken" };
    }
  };
  return { decisionId: answer.headers.get("x-regent-decision-id") ?? "", whole: rest() };
}

function beginStreams(say = SAY, paceMs = PACE_MS): Promise<Stream[]> {
  return Promise.all(Array.from({ length: STREAMS }, () => beginStream(say, paceMs)));
}

/** Starts the sidecar again with a grace of its own, and with records that wait for as long as they are told to. */
async function restart(grace: string, flush = "100ms"): Promise<void> {
  const file = join(stack.dir, `grace-${grace}-${flush}.yaml`);
  const audit = { ...stack.config.audit, flush };
  writeFileSync(file, stringify({ ...stack.config, audit, drain: { grace } }));
  await stack.regent.restart([REGENT_MAIN, "serve", "-c", file]);
}

async function assertAllEnded(streams: readonly Stream[], ends: readonly string[]): Promise<void> {
  for (const { decisionId } of streams) {
    const { verdict, end } = await recordOf(stack, decisionId);
    assert.equal(verdict, "allow");
    assert.ok(ends.includes(end), end);
  }
}

describe("the sidecar is asked to end", () => {
  const inFlight = new Set<string>();

  test("while answers are streamed: they come to their end, and what comes anew is not let through ungoverned", async () => {
    const streams = await beginStreams();
    const slow = JSON.stringify(chat("sim-small", "[[delay:1000]]"));
    const waiting = Promise.all(Array.from({ length: 5 }, () => post(stack.port, slow)));
    const traffic = startTraffic(stack.port, 4);
    await traffic.served();
    const endedAt = stack.witnessed().length;

    stack.regent.kill("SIGTERM");
    const termMs = performance.now();
    const readiness = await unready();
    assert.match(readiness, /draining/);
    for (const { whole } of streams) {
      const { text, end } = await whole;
      assert.deepEqual([end, text.endsWith("data: [DONE]\n\n")], ["clean", true], text.slice(-200));
      assert.equal(text.match(/"content":"[^"]/g)?.length, SAY);
    }
    for (const answer of await waiting) assert.equal(answer.status, 200);
    assert.equal(await stack.regent.ended, "exit code 0");
    await traffic.stop();

    const anew = traffic.sent.filter(({ sentMs }) => sentMs > termMs);
    assert.ok(anew.length > 10, "something came anew");
    for (const { allowed, status } of anew) assert.ok(allowed || (status ?? 503) >= 400);
    assert.ok(anew.some(({ status }) => status === 503));
    assert.ok(stack.witnessed().length >= endedAt);
    await restart("30s");
    await assertGoverned(stack);
    await assertAllEnded(streams, ["complete"]);
    assert.ok((await tailAudit(stack.auditDir, 1_000_000)).some(({ event }) => event?.kind === "closed"));
  });

  test("and answers that last longer than the grace are broken off, never ended as if they were whole", async () => {
    await end("SIGTERM");
    await restart("500ms");
    const streams = await beginStreams(200, 200);
    stack.regent.kill("SIGTERM");
    for (const { whole } of streams) assertNotWhole(await whole);
    assert.equal(await stack.regent.ended, "exit code 0");
    await restart("30s");
    await assertGoverned(stack);
    await assertAllEnded(streams, ["aborted", "failed"]);
  });

  test("and asked again ends at once, with the records on disk and no answer ended as if it were whole", async () => {
    await end("SIGTERM");
    await restart("30s", "10s");
    const streams = await beginStreams(200, 200);
    const answered = await post(stack.port, HELLO);
    stack.regent.kill("SIGTERM");
    await unready();
    const askedMs = performance.now();
    stack.regent.kill("SIGTERM");
    assert.equal(await stack.regent.ended, "exit code 1");
    assert.ok(performance.now() - askedMs < 3_000);
    for (const { whole } of streams) assertNotWhole(await whole);
    await restart("30s");
    assert.equal((await post(stack.port, HELLO)).status, 200);
    // What is in flight when a process ends at once has no record, as docs/audit.md says.
    for (const { decisionId } of streams) inFlight.add(decisionId);
    await assertGoverned(stack, inFlight);
    await recordOf(stack, answered.headers["x-regent-decision-id"] as string);
  });

  test("and is gone: Envoy refuses everything until it is back", async () => {
    await end("SIGINT");
    const before = stack.witnessed().length;
    for (const body of [HELLO, "no JSON"]) assertRefused(await post(stack.port, body), "policy_unreachable");
    assert.equal(stack.witnessed().length, before);
    await restart("30s");
    assert.equal((await post(stack.port, HELLO)).status, 200);
    await assertGoverned(stack, inFlight);
  });
});

async function end(signal: "SIGTERM" | "SIGINT"): Promise<void> {
  stack.regent.kill(signal);
  assert.equal(await stack.regent.ended, "exit code 0");
}

/** What `/readyz` says once it says no. */
async function unready(): Promise<string> {
  for (;;) {
    const answer = await fetch(`${stack.probesOrigin}/readyz?verbose`);
    const text = await answer.text();
    if (answer.status === 503) return text;
  }
}

function assertNotWhole({ text, end }: Awaited<Stream["whole"]>): void {
  const last = text.trimEnd().split("\n\n").at(-1)?.replace("data: ", "") ?? "";
  assert.ok(end === "broken" || codeOf({ body: last }) !== undefined, `${end}: ${last}`);
  assert.ok(!text.includes("[DONE]"));
}
