import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { type Chunk, ChunkEncoder, UNCOMPRESSED_BYTES_MAX } from "./chunk-encoder.ts";
import { Counters } from "./counters.ts";
import type { EncodedEvent } from "./event.ts";

const LIMIT = 4096;

function encoder(limit = LIMIT) {
  const counters = new Counters();
  const tooLarge: number[] = [];
  return { encoder: new ChunkEncoder(limit, counters, (bytes) => tooLarge.push(bytes)), counters, tooLarge };
}

/** An event of about so many bytes, half of which cannot be compressed. */
function event(n: number, bytes = 200): EncodedEvent {
  return { bytes: Buffer.from(JSON.stringify({ n, noise: randomBytes(bytes / 4).toString("hex") })) };
}

function numbersIn(chunks: readonly Chunk[]): number[] {
  return chunks.flatMap(({ bytes, events }) => {
    const found = JSON.parse(gunzipSync(bytes).toString()) as { n: number }[];
    assert.equal(found.length, events);
    return found.map(({ n }) => n);
  });
}

test("splits what does not fit into as many chunks as it needs, in order, and loses nothing", async () => {
  const { encoder: chunks, counters } = encoder();
  const events = Array.from({ length: 500 }, (_, n) => event(n));
  const encoded = await chunks.encode(events);
  assert.ok(encoded.length > 5);
  assert.ok(encoded.every(({ bytes }) => bytes.length <= LIMIT));
  assert.deepEqual(
    numbersIn(encoded),
    events.map((_, n) => n),
  );
  assert.equal(counters.read().decision_logs_encoding_failure, 0);
});

test("learns how many bytes of events make a chunk, and comes near the limit without splitting", async () => {
  const { encoder: chunks } = encoder();
  assert.equal(chunks.uncompressedLimit, LIMIT);
  let sizes: number[] = [];
  for (let round = 0; round < 10; round++) {
    const events: EncodedEvent[] = [];
    for (let bytes = 0; bytes < chunks.uncompressedLimit; ) {
      const next = event(round);
      events.push(next);
      bytes += next.bytes.length;
    }
    sizes = (await chunks.encode(events)).map(({ bytes }) => bytes.length);
  }
  assert.equal(sizes.length, 1);
  assert.ok((sizes[0] ?? 0) > LIMIT * 0.75, `${sizes[0]} of ${LIMIT}`);
});

test("never gathers more than a receiver can be asked to unpack, however well it compresses", async () => {
  const { encoder: chunks } = encoder(1024 * 1024);
  const same = { bytes: Buffer.from(`{"a":"${"x".repeat(1000)}"}`) };
  for (let round = 0; round < 5; round++) {
    const count = Math.ceil(chunks.uncompressedLimit / same.bytes.length);
    await chunks.encode(Array.from({ length: count }, () => same));
  }
  assert.equal(chunks.uncompressedLimit, UNCOMPRESSED_BYTES_MAX);
});

test("drops one event that does not fit alone, and none of those around it", async () => {
  const { encoder: chunks, counters, tooLarge } = encoder();
  const encoded = await chunks.encode([event(1), event(2, 4 * LIMIT), event(3)]);
  assert.deepEqual(numbersIn(encoded), [1, 3]);
  assert.equal(counters.read().decision_logs_encoding_failure, 1);
  assert.equal(counters.read().enc_log_exceeded_upload_size_limit_bytes, 1);
  assert.ok((tooLarge[0] ?? 0) > LIMIT);
});

test("makes no chunk of nothing", async () => {
  assert.deepEqual(await encoder().encoder.encode([]), []);
});
