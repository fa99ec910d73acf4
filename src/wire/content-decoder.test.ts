import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import {
  brotliCompressSync,
  constants,
  createGzip,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { openDecoder } from "./content-decoder.ts";
import { codingOf, DECODED_RATIO_FREE_BYTES, DECODED_RATIO_MAX, decodeAnswer } from "./content-encoding.ts";

const MIB = 1024 * 1024;
const TEXT = Buffer.from(
  Array.from({ length: 400 }, (_, index) => `data: {"n":${index},"x":"é"}\n\n`).join(""),
);
const CODED: readonly (readonly [coding: string, bytes: Buffer])[] = [
  ["gzip", gzipSync(TEXT)],
  ["x-gzip", gzipSync(TEXT)],
  ["deflate", deflateSync(TEXT)],
  ["br", brotliCompressSync(TEXT)],
  ["zstd", zstdCompressSync(TEXT)],
];

async function inPieces(coding: string, bytes: Buffer, size: number, bytesMax = MIB) {
  const decoder = openDecoder(coding, bytesMax);
  assert.ok(decoder);
  const given: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = await decoder.push(bytes.subarray(at, at + size), at + size >= bytes.length);
    if (!piece.ok) return piece;
    given.push(piece.bytes);
  }
  return Buffer.concat(given);
}

for (const [coding, bytes] of CODED)
  describe(coding, () => {
    test("gives the same wherever it is cut", async () => {
      for (const size of [1, 7, 100, bytes.length])
        assert.deepEqual(await inPieces(coding, bytes, size), TEXT);
      assert.deepEqual(await decodeAnswer(bytes, [coding.toUpperCase()], MIB), { ok: true, bytes: TEXT });
    });

    test("is never taken for whole where it was cut short, goes on behind its end, or is something else", async () => {
      const random = randomBytes(300);
      for (const wrong of [
        bytes.subarray(0, bytes.length - 1),
        bytes.subarray(0, bytes.length / 2),
        Buffer.concat([bytes, Buffer.from("more")]),
        TEXT,
        random,
      ]) {
        const whole = await decodeAnswer(wrong, [coding], MIB);
        assert.deepEqual([whole.ok, !whole.ok && whole.fault], [false, "unsupported"]);
        const last = await inPieces(coding, wrong, 50);
        assert.ok(!Buffer.isBuffer(last) && !last.ok);
      }
    });

    test("is empty where it has no bytes", async () => {
      assert.deepEqual(await openDecoder(coding, MIB)?.push(Buffer.alloc(0), true), {
        ok: true,
        bytes: Buffer.alloc(0),
      });
    });

    test("gives no more than the most for a piece", async () => {
      assert.deepEqual(await inPieces(coding, bytes, bytes.length, TEXT.length), TEXT);
      const more = await inPieces(coding, bytes, bytes.length, TEXT.length - 1);
      assert.ok(!Buffer.isBuffer(more));
      assert.deepEqual([more.ok, !more.ok && more.fault], [false, "too_large"]);
    });
  });

test("a bomb is stopped by its ratio, also when it comes in pieces", async () => {
  const zeros = Buffer.alloc(64 * MIB);
  for (const [coding, bomb] of [
    ["gzip", gzipSync(zeros)],
    ["br", brotliCompressSync(zeros, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } })],
    ["zstd", zstdCompressSync(zeros)],
  ] as const) {
    assert.ok(zeros.length > bomb.length * DECODED_RATIO_MAX && zeros.length > DECODED_RATIO_FREE_BYTES);
    for (const size of [64, bomb.length]) {
      const last = await inPieces(coding, bomb, size, Number.MAX_SAFE_INTEGER);
      assert.ok(!Buffer.isBuffer(last));
      assert.deepEqual([last.ok, !last.ok && last.fault], [false, "too_large"], coding);
    }
  }
});

test("gives what an upstream has flushed before the rest comes", async () => {
  const coder = createGzip();
  const coded: Buffer[] = [];
  coder.on("data", (bytes: Buffer) => coded.push(bytes));
  coder.write("data: first\n\n");
  await new Promise<void>((resolve) => coder.flush(constants.Z_SYNC_FLUSH, resolve));
  const decoder = openDecoder("gzip", MIB);
  const first = await decoder?.push(Buffer.concat(coded), false);
  assert.deepEqual(first, { ok: true, bytes: Buffer.from("data: first\n\n") });
  decoder?.close();
  coder.destroy();
});

test("a piece that is still being decoded when it is closed is a fault, and waited for no longer", async () => {
  for (const [coding, bytes] of CODED)
    for (const end of [false, true]) {
      const decoder = openDecoder(coding, MIB);
      const piece = decoder?.push(bytes, end);
      decoder?.close();
      assert.equal((await piece)?.ok, false, coding);
    }
});

test("nothing comes after a fault", async () => {
  const decoder = openDecoder("gzip", MIB);
  assert.ok(decoder);
  for (const piece of [Buffer.from("no gzip at all"), gzipSync("x")])
    assert.equal((await decoder.push(piece, false)).ok, false);
});

test("tells one coding from none, several and unknown ones", async () => {
  assert.deepEqual(
    [
      codingOf([]),
      codingOf(["identity"]),
      codingOf([" GZIP "]),
      codingOf(["gzip, br"]),
      codingOf(["br", "br"]),
    ],
    [undefined, undefined, "gzip", "many", "many"],
  );
  for (const codings of [["compress"], ["many"], ["__proto__"], ["gzip, br"]])
    assert.equal((await decodeAnswer(gzipSync("x"), codings, MIB)).ok, false, codings[0]);
  assert.equal(openDecoder("many", MIB), undefined);
  const bare = await decodeAnswer(deflateRawSync(TEXT), ["deflate"], MIB);
  assert.equal(bare.ok, false);
});
