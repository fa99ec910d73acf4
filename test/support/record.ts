import { randomUUID } from "node:crypto";
import type { Record } from "../../src/exchange/record.ts";

/** A record of an ordinary chat completion, with what a test wants to be different. */
export function testRecord(changes: Partial<Record> = {}): Record {
  return {
    id: randomUUID(),
    time: "2026-01-01T00:00:00.000Z",
    protocol: "ext_proc",
    end: "complete",
    verdict: "allow",
    status: 200,
    request: { method: "POST", host: "localhost", path: "/v1/chat/completions", bodyBytes: 120 },
    identity: { subject: "acme-analyst", tenant: "acme", roles: ["analyst"], method: "api_key" },
    inference: { format: "openai-chat", operation: "chat", model: "default", stream: false },
    route: { model: "sim-small", version: "sim-small", target: "sim-us", region: "us" },
    reasons: [],
    redactions: [],
    findings: [],
    usage: { input: 10, output: 20, total: 30 },
    finishReasons: ["stop"],
    audit: { level: "redacted", labels: {} },
    revision: "r1",
    timing: { totalMs: 12.5, firstByteMs: 9.25, roomsMs: { formats: 0.1, policy: 0.4 } },
    ...changes,
  };
}
