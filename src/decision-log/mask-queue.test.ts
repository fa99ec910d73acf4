import assert from "node:assert/strict";
import { test } from "node:test";
import { decisionEvent } from "../../test/support/decision-event.ts";
import { MaskQueue } from "./mask-queue.ts";

test("masks after whoever decides has gone on, one after another, in order", async () => {
  const handled: string[] = [];
  let running = 0;
  const queue = new MaskQueue({
    async handle({ decisionId }) {
      assert.equal(running++, 0, "one at a time");
      await null;
      handled.push(decisionId);
      running -= 1;
    },
    onDrop: () => assert.fail("dropped"),
  });
  const events = Array.from({ length: 50 }, () => decisionEvent());
  for (const event of events) queue.push(event);
  assert.deepEqual(handled, []);
  await queue.idle();
  assert.deepEqual(
    handled,
    events.map(({ decisionId }) => decisionId),
  );
});

test("holds so many events and so many bytes of them, and the oldest go first", async () => {
  const bounds = [{ eventsMax: 3 }, { bytesMax: 3 * 100 }];
  for (const bound of bounds) {
    const handled: string[] = [];
    let dropped = 0;
    const queue = new MaskQueue({
      handle: async ({ decisionId }) => void handled.push(decisionId),
      onDrop: () => {
        dropped += 1;
      },
      ...bound,
    });
    const events = Array.from({ length: 5 }, () => decisionEvent({ input: Buffer.alloc(100) }));
    for (const event of events) queue.push(event);
    await queue.idle();
    assert.equal(dropped, 2);
    assert.deepEqual(
      handled,
      events.slice(2).map(({ decisionId }) => decisionId),
    );
  }
});

test("lets others run between slices of masks that take long", async () => {
  let others = 0;
  const queue = new MaskQueue({
    async handle() {
      const endMs = performance.now() + 3;
      while (performance.now() < endMs);
    },
    onDrop: () => assert.fail("dropped"),
  });
  for (let n = 0; n < 5; n++) queue.push(decisionEvent());
  const count = () => {
    others += 1;
    if (others < 100) setImmediate(count);
  };
  setImmediate(count);
  await queue.idle();
  assert.ok(others >= 4, `${others} turns`);
});
