import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decisionEvent } from "../../test/support/decision-event.ts";
import { createDecisionLog } from "./decision-log.ts";
import { DecisionLogReadError, LINE_BYTES_MAX, type LoggedDecision, readDecisionLog } from "./read.ts";

async function withFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "decisions-"));
  try {
    await run(dir);
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function read(path: string, onHalfLine?: (place: string) => void): Promise<LoggedDecision[]> {
  const decisions: LoggedDecision[] = [];
  for await (const decision of readDecisionLog(path, onHalfLine)) decisions.push(decision);
  return decisions;
}

const LINE = JSON.stringify({
  decision_id: "a",
  path: "acme/allow",
  timestamp: "2026-01-01T00:00:00Z",
  result: true,
});

test("reads what the log has written, with every number as it was", () =>
  withFolder(async (dir) => {
    const log = await createDecisionLog({
      labels: {},
      ndBuiltinCache: true,
      folder: { dir, fileBytes: 600, filesMax: 100 },
      log: { info() {}, warn() {}, error: (_facts, message) => assert.fail(message) },
    });
    const input = '{"n":12345678901234567890,"f":1.10,"text":"a\\nb"}';
    const first = decisionEvent({
      input: Buffer.from(input.replace(",", ",\n")),
      nondeterministic: {
        "time.now_ns": { "[]": "1772600767000000001" },
        "rand.intn": { '["a",5]': 3 },
        "opa.runtime": { "[]": 1.5 },
      },
      result: { allow: false },
    });
    const second = decisionEvent({ erased: ["/input/request/body"], batchDecisionId: first.decisionId });
    log.log(first);
    for (let n = 0; n < 20; n++) log.log(second);
    await log.close();
    const [found, ...others] = await read(dir);
    assert.equal(String(found?.input), input);
    assert.deepEqual(found?.nondeterministic, {
      "time.now_ns": { "[]": "1772600767000000001" },
      "rand.intn": { '["a",5]': 3 },
      "opa.runtime": { "[]": 1.5 },
    });
    assert.deepEqual(found?.result, { allow: false });
    assert.deepEqual(found?.bundles, { main: { revision: "r7" } });
    assert.deepEqual(found?.changed, []);
    assert.equal(others.length, 20);
    assert.deepEqual(others[19]?.changed, ["/input/request/body"]);
    assert.equal(others[19]?.batchDecisionId, first.decisionId);
    assert.match(others[19]?.place ?? "", /decisions-0+\d+\.jsonl:\d+$/);
  }));

test("names what masks changed of what policy reads", () =>
  withFolder(async (dir) => {
    const file = join(dir, "log.jsonl");
    const event = {
      ...JSON.parse(LINE),
      erased: ["/input/a", "/result/b"],
      masked: ["/nd_builtin_cache/c", "/inputs"],
    };
    await writeFile(file, `${JSON.stringify(event)}\n\n`);
    assert.deepEqual((await read(file))[0]?.changed, ["/input/a", "/nd_builtin_cache/c"]);
  }));

test("passes by the half line of a process that was killed, and says so", () =>
  withFolder(async (dir) => {
    const file = join(dir, "log.jsonl");
    await writeFile(file, `${LINE}\n${LINE.slice(0, 30)}`);
    const half: string[] = [];
    assert.equal((await read(file, (place) => half.push(place))).length, 1);
    assert.deepEqual(half, [`${file}:2`]);
  }));

test("refuses what is no log of decisions, at its line", () =>
  withFolder(async (dir) => {
    const file = join(dir, "log.jsonl");
    for (const bad of ["{", "1", "{}", '{"decision_id":1,"path":"a"}']) {
      await writeFile(file, `${LINE}\n${bad}\n`);
      await assert.rejects(
        read(file),
        (error) => error instanceof DecisionLogReadError && error.message.startsWith(`${file}:2 `),
      );
    }
    await writeFile(file, `{"a":"${"x".repeat(LINE_BYTES_MAX)}"}`);
    await assert.rejects(read(file), /has a line of more than/);
    await assert.rejects(read(join(dir, "absent")), /ENOENT/);
  }));
