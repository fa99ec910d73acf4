import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { appendTo, initialPending, release, restOf } from "./pending.ts";

test("keeps what is left and never writes over what was given out, whatever is taken and let go of", () => {
  const step = fc.record({ chunk: fc.uint8Array({ maxLength: 40 }), taken: fc.nat({ max: 60 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const pending = initialPending();
      let expected = Buffer.alloc(0);
      const given: { readonly view: Buffer; readonly was: Buffer }[] = [];
      for (const { chunk, taken } of steps) {
        appendTo(pending, Buffer.from(chunk));
        expected = Buffer.concat([expected, chunk]);
        const count = Math.min(taken, expected.length);
        const view = restOf(pending).subarray(0, count);
        given.push({ view, was: Buffer.from(view) });
        pending.start += count;
        expected = expected.subarray(count);
        release(pending);
        assert.deepEqual(restOf(pending), expected);
      }
      for (const { view, was } of given) assert.deepEqual(view, was);
    }),
  );
});

test("keeps no more than four bytes for each that is left", () => {
  for (const left of [0, 1, 100, 25_000]) {
    const pending = initialPending();
    appendTo(pending, Buffer.alloc(100_000, 1));
    pending.start = 100_000 - left;
    release(pending);
    assert.equal(restOf(pending).length, left);
    assert.ok(pending.bytes.length <= 4 * left, `${pending.bytes.length} for ${left}`);
  }
});
