import assert from "node:assert/strict";
import { test } from "node:test";
import { testRecord } from "../../test/support/record.ts";
import type { Record } from "../exchange/record.ts";
import { createTelemetry, type ProcessLog, type Telemetry } from "./index.ts";

async function started(said: string[] = []): Promise<Telemetry> {
  const say = (_: object, message: string) => void said.push(message);
  const log: ProcessLog = { debug: say, info: say, warn: say, error: say, fatal: say };
  return createTelemetry({ labels: { tenant: 10, model: 10 }, log, environment: {} });
}

test("counts what it observes", async () => {
  const telemetry = await started();
  telemetry.observe(testRecord());
  const { text, contentType } = await telemetry.metrics();
  assert.match(text, /^regent_exchanges_total\{.*\} 1$/m);
  assert.match(text, /^process_resident_memory_bytes \d+$/m);
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  await telemetry.close();
});

test("never throws at an exchange that has ended, and tells the log what it could not count", async () => {
  const said: string[] = [];
  const telemetry = await started(said);
  telemetry.observe({ id: "a" } as unknown as Record);
  assert.deepEqual(said, ["an exchange could not be counted"]);
});

test("says how many streams are open once somebody knows, and no number before", async () => {
  const telemetry = await started();
  assert.match((await telemetry.metrics()).text, /^regent_streams_open Nan$/im);
  telemetry.watchStreams(() => 3);
  assert.match((await telemetry.metrics()).text, /^regent_streams_open 3$/m);
});
