import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { promisify } from "node:util";
import { tailAudit } from "../../src/audit/query.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { ALLOWED_BODY, ANALYST, assertRefused, CHAT_PATH, chat, headerOf, post } from "./governed/ask.ts";
import { failedStart } from "./governed/failed-start.ts";
import { assertGoverned } from "./governed/oracle.ts";
import { eventually, recordOf } from "./governed/records.ts";
import { type Governed, startGoverned } from "./governed/stack.ts";
import { startTraffic } from "./governed/traffic.ts";
import { send } from "./support/client.ts";

const run = promisify(execFile);

let stack: Governed;
before(async () => {
  stack = await startGoverned();
});
after(() => stack?.stop());
beforeEach(async () => {
  assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
});

/** The largest file that the sidecar may write: 0 is a disk that is full. It holds for its process log as well. */
async function limitFiles(bytes: "0" | "unlimited"): Promise<void> {
  await run("prlimit", ["--pid", String(stack.regent.pid), `--fsize=${bytes}:unlimited`]);
}

/** What a probe says, with its status. */
async function probe(path: string): Promise<readonly [number, string]> {
  const answer = await fetch(`${stack.probesOrigin}${path}`);
  return [answer.status, await answer.text()];
}

async function untilReadyIs(status: 200 | 503): Promise<void> {
  await eventually(`/readyz with ${status}`, async () =>
    (await probe("/readyz"))[0] === status ? true : undefined,
  );
}

describe("a sidecar whose log of records", () => {
  test("has no place to be refuses to start and says why", async () => {
    const { code, stderr } = await failedStart(stack.dir, { audit: { dir: "/dev/null/audit" } });
    assert.equal(code, 1);
    assert.match(stderr, /The sidecar does not start:.*\/dev\/null\/audit/);
  });

  test("belongs to another one refuses to start and names that one", async () => {
    const { code, stderr } = await failedStart(stack.dir, { audit: { dir: stack.auditDir } });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`The sidecar does not start:.*\\b${stack.regent.pid}\\b`));
  });
});

describe("the log of records cannot be written", () => {
  test("and from the first write that fails nothing is let through, which is said, until it can be", async () => {
    const stream = await fetch(`http://127.0.0.1:${stack.port}${CHAT_PATH}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...ANALYST },
      body: JSON.stringify(chat("sim-small", "[[say:40]][[pace:50]]", { stream: true })),
    });
    assert.equal(stream.status, 200);
    const traffic = startTraffic(stack.port, 4);
    try {
      await traffic.served();
      await limitFiles("0");
      await untilReadyIs(503);
      const failedMs = performance.now();
      const [, words] = await probe("/readyz?verbose");
      assert.match(words, /\[-\]audit failed: EFBIG/);
      assert.equal((await probe("/livez"))[0], 200);
      assert.match((await probe("/metrics"))[1], /^regent_audit_healthy 0$/m);

      const reached = stack.witnessed().length;
      for (const body of [ALLOWED_BODY, "no JSON", ""])
        assertRefused(await post(stack.port, body), "audit_unavailable");
      const list = await send(stack.port, { path: "/v1/models", headers: ANALYST });
      assertRefused(list, "audit_unavailable");
      // Longer than the log waits before it tries again.
      await eventually("some more requests", () =>
        traffic.sent.filter(({ answeredMs }) => (answeredMs ?? 0) > failedMs + 1_500).length > 50
          ? true
          : undefined,
      );
      assert.equal(stack.witnessed().length, reached, "something reached a model");
      const since = traffic.sent.filter(({ sentMs, status }) => sentMs > failedMs && status !== undefined);
      assert.deepEqual([...new Set(since.map(({ status }) => status))], [503]);

      // What was let through before goes on to its end.
      assert.match(await stream.text(), /data: \[DONE\]\n\n$/);
    } finally {
      await traffic.stop();
      await limitFiles("unlimited");
    }
    await untilReadyIs(200);
    assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);

    await assertGoverned(stack);
    const lines = await tailAudit(stack.auditDir, 1_000_000);
    assert.ok(lines.some(({ event }) => event?.kind === "resumed" && /EFBIG/.test(String(event.reason))));
    assert.ok(!lines.some(({ event }) => event?.kind === "lost"));
    const { end } = await recordOf(stack, stream.headers.get("x-regent-decision-id") ?? "");
    assert.equal(end, "complete");
    const recorded = new Map((await stack.records()).map((record) => [record.id, record]));
    const answered = traffic.sent.filter(({ decisionId }) => decisionId !== undefined);
    assert.ok(answered.length > 50);
    for (const { decisionId, status } of answered) {
      const record = recorded.get(decisionId ?? "");
      assert.equal(record?.status, status, decisionId);
    }
  });

  test("because its folder has become a file, and it is the same", async () => {
    const away = join(stack.dir, "away");
    renameSync(stack.auditDir, away);
    writeFileSync(stack.auditDir, "");
    // The record of this one cannot be written any more.
    await post(stack.port, ALLOWED_BODY);
    await untilReadyIs(503);
    const reached = stack.witnessed().length;
    const refused = await post(stack.port, ALLOWED_BODY);
    assertRefused(refused, "audit_unavailable");
    assert.ok(headerOf(refused, "x-regent-decision-id"));
    assert.equal(stack.witnessed().length, reached);

    rmSync(stack.auditDir);
    renameSync(away, stack.auditDir);
    await untilReadyIs(200);
    assert.equal((await post(stack.port, ALLOWED_BODY)).status, 200);
    await assertGoverned(stack);
  });

  test("where it was, because somebody took its folder away: a new one is begun that says so", async () => {
    renameSync(stack.auditDir, join(stack.dir, "away"));
    const answer = await post(stack.port, ALLOWED_BODY);
    assert.equal(answer.status, 200);
    await eventually("the record in the new folder", async () =>
      existsSync(stack.auditDir)
        ? await recordOf(stack, headerOf(answer, "x-regent-decision-id"))
        : undefined,
    );
    const lines = await tailAudit(stack.auditDir, 1_000_000);
    assert.ok(lines.some(({ event }) => event?.kind === "interfered" && event.what === "removed"));
    const { findings } = await verifyAudit(stack.auditDir);
    assert.equal(findings.length, 1);
    assert.match(findings[0]?.what ?? "", /^the log begins here: records 1 to \d+ are not in this folder$/);
  });
});
