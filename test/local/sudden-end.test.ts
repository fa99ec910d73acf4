import assert from "node:assert/strict";
import { test } from "node:test";
import { queryAudit } from "../../src/audit/query.ts";
import { verifyAudit } from "../../src/audit/verify.ts";
import { startStack } from "../../src/local/stack.ts";
import { temporaryFolder } from "./support/envoy.ts";

test("keeps the record of what was just refused when it is told to stop twice", {
  timeout: 60_000,
}, async (t) => {
  const folder = temporaryFolder();
  t.after(() => folder.remove());
  const ports = { port: 0, adminPort: 0, probesPort: 0, grpcPort: 0 };
  const stack = await startStack({ dir: folder.path, ...ports, onStep: () => {} });
  t.after(() => stack.stop());
  const pid = stack.pids.get("regent") ?? assert.fail();
  const ask = (content: string) =>
    fetch(`${stack.origin}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer demo-acme-analyst" },
      body: JSON.stringify({ model: "default", stream: true, messages: [{ role: "user", content }] }),
    });
  // A stream that lasts longer than this test keeps the first signal from ending the process.
  const streaming = await ask("[[say:200]] [[pace:100]]");
  const reader = streaming.body?.getReader() ?? assert.fail();
  await reader.read();

  const refused = await fetch(`${stack.origin}/v1/other`, { headers: { "x-api-key": "demo-acme-analyst" } });
  const id = refused.headers.get("x-regent-decision-id") ?? "";
  process.kill(pid, "SIGTERM");
  process.kill(pid, "SIGHUP");
  assert.match(await stack.broken, /regent ended with exit code 1/);

  assert.equal((await queryAudit(stack.auditDir, id)).length, 1);
  assert.deepEqual((await verifyAudit(stack.auditDir)).findings, []);
  // What was in flight broke: it must not look like a whole answer.
  await assert.rejects(async () => {
    while (!(await reader.read()).done);
  });
});
