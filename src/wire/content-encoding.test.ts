import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import {
  DECODED_AT_ONCE_BYTES_MAX,
  DECODED_RATIO_FREE_BYTES,
  DECODED_RATIO_MAX,
  decodeContent,
} from "./content-encoding.ts";

const MIB = 1024 * 1024;
const text = Buffer.from('{"model":"sim-small"}');

async function decoded(body: Buffer, ...codings: string[]): Promise<Buffer> {
  const result = await decodeContent(body, codings, MIB);
  if (!result.ok) throw new Error(result.reason);
  return result.bytes;
}

async function fault(body: Buffer, codings: string[], bytesMax = MIB): Promise<string> {
  const result = await decodeContent(body, codings, bytesMax);
  return result.ok ? "none" : result.fault;
}

test("leaves a body without a coding as it is", async () => {
  assert.equal(await decoded(text), text);
  assert.equal(await decoded(text, "identity"), text);
  assert.equal(await decoded(text, "", " , Identity"), text);
});

for (const coding of ["gzip", "GZip", "x-gzip", " gzip ", "identity, gzip"]) {
  test(`decodes ${coding}`, async () => assert.deepEqual(await decoded(gzipSync(text), coding), text));
}

test("decodes small bodies at once and large ones beside the event loop, to the same bytes", async () => {
  for (const size of [1, DECODED_AT_ONCE_BYTES_MAX / 2, DECODED_AT_ONCE_BYTES_MAX * 4]) {
    const body = randomBytes(size);
    assert.deepEqual(await decoded(gzipSync(body), "gzip"), body);
  }
});

test("decodes a header with every optional field", async () => {
  const plain = gzipSync(text);
  const fields = Buffer.concat([
    Buffer.from([3, 0, 1, 2, 0]),
    Buffer.from("name\0comment\0"),
    Buffer.from([0xab, 0xcd]),
  ]);
  const header = Buffer.from(plain.subarray(0, 10));
  header[3] = 0x1e;
  assert.deepEqual(await decoded(Buffer.concat([header, fields, plain.subarray(10)]), "gzip"), text);
});

test("an empty body stays empty whatever it claims to be", async () => {
  assert.equal((await decoded(Buffer.alloc(0), "gzip")).length, 0);
});

const gzipped = gzipSync(text);
const UNSUPPORTED: readonly (readonly [name: string, body: Buffer, codings: string[]])[] = [
  ["brotli", brotliCompressSync(text), ["br"]],
  ["deflate", deflateSync(text), ["deflate"]],
  ["a coding nobody knows", text, ["zstd-2"]],
  ["two codings in one field", gzipSync(gzipped), ["gzip, gzip"]],
  ["two fields", gzipped, ["gzip", "gzip"]],
  ["bytes that are not gzip", text, ["gzip"]],
  ["deflate under the name of gzip", deflateSync(text), ["gzip"]],
  ["bytes after the end", Buffer.concat([gzipped, Buffer.from("x")]), ["gzip"]],
  ["a second member", Buffer.concat([gzipped, gzipped]), ["gzip"]],
  [
    "a reserved flag",
    Buffer.concat([gzipped.subarray(0, 3), Buffer.from([0x80]), gzipped.subarray(4)]),
    ["gzip"],
  ],
  [
    "a name that does not end",
    Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, ...Buffer.from("namenamename").fill(65)]),
    ["gzip"],
  ],
];
for (const [name, body, codings] of UNSUPPORTED) {
  test(`refuses ${name}`, async () => assert.equal(await fault(body, codings), "unsupported"));
}

test("refuses a body cut short at every byte", async () => {
  for (let length = 1; length < gzipped.length; length++) {
    assert.equal(await fault(gzipped.subarray(0, length), ["gzip"]), "unsupported", `${length} bytes`);
  }
});

test("refuses a body with a bit flipped, except for one that carries nothing", async () => {
  let refused = 0;
  for (let at = 10; at < gzipped.length; at++) {
    const damaged = Buffer.from(gzipped);
    damaged[at] = (damaged[at] as number) ^ 0x04;
    const result = await decodeContent(damaged, ["gzip"], MIB);
    if (result.ok) assert.deepEqual(result.bytes, text, `byte ${at}`);
    else refused++;
  }
  assert.ok(refused >= gzipped.length - 12);
});

test("holds the decoded size to the cap, to the byte", async () => {
  const body = randomBytes(1000);
  assert.equal(await fault(gzipSync(body), ["gzip"], 1000), "none");
  assert.equal(await fault(gzipSync(body), ["gzip"], 999), "too_large");
  assert.equal(await fault(body, [], 1000), "none");
  assert.equal(await fault(body, [], 999), "too_large");
});

test(`refuses more than ${DECODED_RATIO_MAX} decoded bytes for one, unless they are few`, async () => {
  assert.equal(await fault(gzipSync(Buffer.alloc(DECODED_RATIO_FREE_BYTES)), ["gzip"]), "none");
  assert.equal(await fault(gzipSync(Buffer.alloc(MIB)), ["gzip"], 10 * MIB), "too_large");
  const bomb = gzipSync(Buffer.alloc(64 * MIB), { level: 9 });
  assert.ok(bomb.length > DECODED_AT_ONCE_BYTES_MAX);
  assert.equal(await fault(bomb, ["gzip"], 100 * MIB), "too_large");
});
