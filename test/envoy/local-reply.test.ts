import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { queryAudit, tailAudit } from "../../src/audit/query.ts";
import type { Record } from "../../src/exchange/record.ts";
import { type Stack, startStack } from "../../src/local/stack.ts";

let dir: string;
let stack: Stack;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "regent-local-reply-"));
  stack = await startStack({ dir, port: 0, adminPort: 0, probesPort: 0, grpcPort: 0, onStep: () => {} });
});

after(async () => {
  await stack?.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** Sends a request and gives its answer with the records of the decision id that it carries. */
async function exchange(path: string, init: RequestInit): Promise<{ response: Response; id: string }> {
  const headers = { authorization: "Bearer demo-acme-analyst" };
  const response = await fetch(`${stack.origin}${path}`, { ...init, headers });
  await response.arrayBuffer();
  return { response, id: response.headers.get("x-regent-decision-id") ?? "" };
}

test("what ext_authz refuses and what Envoy answers by itself have one record each, under the id the client got", async () => {
  const denied = await exchange("/v1/internal/keys?secret=1", { method: "GET" });
  assert.equal(denied.response.status, 403);
  assert.equal(denied.response.headers.get("x-regent-reason"), "ext_authz_denied");
  const tooLarge = await exchange("/v1/chat/completions?secret=1", {
    method: "POST",
    body: "x".repeat(5_000_000),
  });
  assert.equal(tooLarge.response.status, 413);

  await stack.stop();
  const ofDenied = await recordsOf(denied.id);
  assert.equal(ofDenied.length, 1);
  assert.equal(ofDenied[0]?.protocol, "ext_authz");
  assert.equal(ofDenied[0]?.verdict, "deny");
  assert.equal(ofDenied[0]?.status, 403);
  assert.equal(ofDenied[0]?.identity.tenant, "acme");
  assert.deepEqual(
    ofDenied[0]?.reasons.map(({ code, policy }) => [code, policy]),
    [["ext_authz_denied", "envoy/authz/allow"]],
  );
  const ofTooLarge = await recordsOf(tooLarge.id);
  assert.equal(ofTooLarge.length, 1);
  assert.equal(ofTooLarge[0]?.end, "local_reply");
  assert.equal(ofTooLarge[0]?.verdict, "none");
  assert.equal(ofTooLarge[0]?.status, 413);
  assert.deepEqual(
    [ofTooLarge[0]?.request.method, ofTooLarge[0]?.request.path],
    ["POST", "/v1/chat/completions"],
  );
  const lines = await tailAudit(stack.auditDir, 100);
  assert.equal(lines.filter((line) => line.record !== undefined).length, 2, "no third record");
});

async function recordsOf(id: string): Promise<Record[]> {
  const lines = await queryAudit(stack.auditDir, id);
  return lines.map(({ record }) => record as unknown as Record);
}
