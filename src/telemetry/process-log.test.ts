import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { Secret } from "../document/secret.ts";
import { createProcessLog, openDestination, type ProcessLog, UNWRITTEN_BYTES_MAX } from "./process-log.ts";

/** What a log writes when `use` uses it. */
async function written(
  format: "json" | "pretty",
  level: "debug" | "info",
  use: (log: ProcessLog) => void,
): Promise<string[]> {
  const lines: string[] = [];
  const log = await createProcessLog({ level, format, stream: { write: (line) => void lines.push(line) } });
  use(log);
  return lines;
}

test("writes one line of JSON a message, from its level on", async () => {
  const lines = await written("json", "info", (log) => {
    log.debug({}, "not this");
    log.warn({ port: 9191 }, "two\nlines");
  });
  assert.equal(lines.length, 1);
  assert.equal(lines[0]?.indexOf("\n"), (lines[0]?.length ?? 0) - 1);
  const { level, port, msg, time } = JSON.parse(lines[0] ?? "");
  assert.deepEqual([level, port, msg], ["warn", 9191, "two\nlines"]);
  assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
});

test("writes readable lines when asked to", async () => {
  const [line = ""] = await written("pretty", "info", (log) => log.info({ port: 9191 }, "listening"));
  assert.throws(() => JSON.parse(line));
  assert.match(line, /INFO.*listening\n.*port: 9191/);
});

test("takes credentials out of members, nested members, errors and secrets, in both formats", async () => {
  for (const format of ["json", "pretty"] as const) {
    const canary = randomBytes(16).toString("hex");
    const lines = await written(format, "debug", (log) => {
      log.info({ authorization: canary, apiKey: canary, password: canary }, "top");
      log.info({ headers: { authorization: canary, "x-api-key": canary, cookie: canary } }, "one deep");
      log.info(
        { exchange: { request: { headers: { authorization: canary, "x-api-key": canary } } } },
        "deep",
      );
      log.error({ err: new Error(`upstream said no to Bearer ${canary}`) }, "in a text");
      log.error(
        { err: new Error("outer", { cause: new Error(`basic ${canary}`) }) },
        `Authorization: Bearer ${canary}`,
      );
      log.info({ provider: { key: new Secret(canary) } }, "typed");
    });
    assert.equal(lines.length, 6);
    for (const line of lines) {
      assert.ok(!line.includes(canary), line);
      assert.match(line, /\[redacted\]/);
    }
  }
});

test("outlives a disk that is full, and keeps no more than a little of what it could not write", async (t) => {
  const full = openSync("/dev/full", "w");
  t.after(() => closeSync(full));
  const stream = openDestination(full);
  let dropped = 0;
  stream.on("drop", () => {
    dropped += 1;
  });
  const log = await createProcessLog({ level: "info", format: "json", stream });
  log.error({}, "the disk is full");
  assert.equal(dropped, 0);
  log.error({ text: "x".repeat(UNWRITTEN_BYTES_MAX) }, "too long to wait");
  assert.equal(dropped, 1);
  const line = "x".repeat(1024);
  for (let lines = 0; lines < UNWRITTEN_BYTES_MAX / line.length; lines++) log.error({ line }, "more");
  assert.ok(dropped > 1 && dropped < 100, String(dropped));
});
