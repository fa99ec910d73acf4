import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { queryAudit } from "../../src/audit/query.ts";
import { isJsonObject, type JsonObject } from "../../src/exchange/json.ts";
import { startStack } from "../../src/local/stack.ts";

test("Envoy's access log has what was decided and what was used, whether the answer came whole or as a stream", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "regent-access-log-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const stack = await startStack({
    dir,
    port: 0,
    adminPort: 0,
    probesPort: 0,
    grpcPort: 0,
    onStep: () => {},
  });
  t.after(() => stack.stop());
  const ids: string[] = [];
  for (const stream of [false, true]) {
    const response = await fetch(`${stack.origin}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: "Bearer demo-acme-analyst" },
      body: JSON.stringify({ model: "default", stream, messages: [{ role: "user", content: "hello" }] }),
    });
    assert.equal(response.status, 200);
    await response.arrayBuffer();
    ids.push(response.headers.get("x-regent-decision-id") ?? "");
  }
  // Envoy writes what is left of its log when it ends.
  await stack.stop();
  const logged = readFileSync(join(dir, "access.log"), "utf8")
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as JsonObject).regent);
  for (const id of ids) {
    const entry = logged.find((regent) => isJsonObject(regent) && regent.decision_id === id);
    assert.ok(isJsonObject(entry), `the access log has ${id}`);
    const { tenant, model, model_version, target, input_tokens, output_tokens, total_tokens, cost_usd } =
      entry;
    assert.deepEqual([tenant, model, model_version, target], ["acme", "sim-small", "sim-small", "sim-us"]);
    const [line] = await queryAudit(stack.auditDir, id);
    const record = line?.record as unknown as { usage: JsonObject; charge: JsonObject };
    assert.deepEqual(
      [input_tokens, output_tokens, total_tokens, cost_usd],
      [record.usage.input, record.usage.output, record.usage.total, record.charge.costUsd],
    );
    assert.ok(typeof cost_usd === "number" && cost_usd > 0);
  }
});
