import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { type BufferLimit, type BufferOptions, DecisionBuffer } from "./buffer.ts";
import { ChunkEncoder } from "./chunk-encoder.ts";
import { Counters } from "./counters.ts";

function createBuffer(limit: BufferLimit, options: Partial<BufferOptions> = {}) {
  const counters = new Counters();
  let ready = 0;
  const buffer = new DecisionBuffer({
    limit,
    encoder: new ChunkEncoder(1024, counters, () => assert.fail("too large")),
    counters,
    onReady: () => {
      ready += 1;
    },
    onError: (error) => assert.fail(String(error)),
    ...options,
  });
  return { buffer, counters, ready: () => ready };
}

const event = () => ({ bytes: Buffer.from(JSON.stringify({ noise: randomBytes(50).toString("hex") })) });
const EVENT_BYTES = event().bytes.length;

test("events that wait uncompressed are bounded whatever the type is, and the oldest go first", () => {
  for (const limit of [
    { type: "event", events: 1000 },
    { type: "size", bytes: 1024 * 1024 },
  ] as const) {
    const { buffer, counters } = createBuffer(limit, { uncompressedBytesMax: 5 * EVENT_BYTES });
    for (let n = 0; n < 8; n++) buffer.push(event());
    assert.equal(buffer.events, 5);
    assert.equal(counters.read().decision_logs_dropped_buffer_size_limit_exceeded, 3);
  }
});

test("a chunk that comes back counts against the limit again, and goes as the oldest", async () => {
  const { buffer, counters } = createBuffer({ type: "event", events: 4 });
  for (let n = 0; n < 4; n++) buffer.push(event());
  await buffer.seal();
  const chunk = buffer.take();
  assert.equal(chunk?.events, 4);
  assert.equal(buffer.events, 0);
  buffer.push(event());
  if (chunk !== undefined) buffer.putBack(chunk, "first");
  assert.equal(buffer.events, 1);
  assert.equal(counters.read().decision_logs_dropped_buffer_size_limit_exceeded, 4);
});

test("says when it is time: at a whole chunk by size, at half of its events by number", async () => {
  const bySize = createBuffer({ type: "size", bytes: 1024 * 1024 });
  for (let n = 0; n < 40; n++) bySize.buffer.push(event());
  await bySize.buffer.seal();
  assert.ok(bySize.buffer.chunks > 1);
  assert.ok(bySize.ready() > 0);
  assert.equal(bySize.buffer.urgent, false);
  const byNumber = createBuffer({ type: "event", events: 10 });
  for (let n = 0; n < 4; n++) byNumber.buffer.push(event());
  assert.equal(byNumber.ready(), 0);
  byNumber.buffer.push(event());
  assert.equal(byNumber.ready(), 1);
  assert.equal(byNumber.buffer.urgent, true);
});

test("events that cannot be compressed are counted and told, and those after them go on", async () => {
  const counters = new Counters();
  const told: unknown[] = [];
  const broken = new ChunkEncoder(1024, counters, () => undefined);
  const encode = broken.encode.bind(broken);
  let calls = 0;
  broken.encode = async (events) => {
    calls += 1;
    if (calls === 1) throw new Error("no memory");
    return encode(events);
  };
  const { buffer } = createBuffer(
    { type: "event", events: 100 },
    { encoder: broken, counters, onError: (error) => told.push(error) },
  );
  buffer.push(event());
  await buffer.seal();
  buffer.push(event());
  await buffer.seal();
  assert.equal(counters.read().decision_logs_encoding_failure, 1);
  assert.equal(told.length, 1);
  assert.equal(buffer.events, 1);
});
