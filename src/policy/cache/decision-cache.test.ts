import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "../../exchange/json.ts";
import type { Evaluation, Policies } from "../policies.ts";
import type { CacheClaim } from "../reads/claim.ts";
import { DecisionCache, type DecisionCacheOptions, ENTRY_BYTES, KEY_BYTES_MAX } from "./decision-cache.ts";

const CLAIM: CacheClaim = { dependsOn: [["tenant"]], ttlMs: 1_000 };

/** Policies that answer with a number that rises, so that an answer from the cache can be told. */
function counting(more: (count: number) => Partial<Evaluation> = () => ({})) {
  let count = 0;
  const inputs: string[] = [];
  const policies: Policies = {
    revision: "r1",
    bundles: { main: { revision: "r1" } },
    has: () => true,
    reads: () => ({ tenant: true }),
    async evaluate(_entrypoint, input) {
      count += 1;
      inputs.push(Buffer.isBuffer(input) ? input.toString() : JSON.stringify(input));
      return { result: { count }, revision: "r1", durationMs: 1, ...more(count) };
    },
  };
  return { policies, inputs };
}

function stage(options: DecisionCacheOptions = {}, more?: (count: number) => Partial<Evaluation>) {
  const clock = { nowMs: 0 };
  const cache = new DecisionCache({ nowMs: () => clock.nowMs, ...options });
  const { policies, inputs } = counting(more);
  const cached = cache.over(policies, (entrypoint) => (entrypoint === "free" ? undefined : CLAIM));
  const ask = async (input: JsonValue | Buffer, entrypoint = "a/b") =>
    ((await cached.evaluate(entrypoint, input)).result as { count: number }).count;
  return { cache, cached, clock, ask, inputs, policies };
}

const bytes = (value: JsonValue) => Buffer.from(JSON.stringify(value));

test("answers again what it was asked with the same bytes, and evaluates everything else", async () => {
  const { ask, cache } = stage();
  assert.equal(await ask(bytes({ tenant: "a" })), 1);
  assert.equal(await ask(bytes({ tenant: "a" })), 1);
  assert.equal(await ask(bytes({ tenant: "b" })), 2);
  assert.equal(await ask(bytes({ tenant: "a" }), "a/c"), 3);
  assert.equal(await ask(bytes({ tenant: "a" })), 1);
  const { hits, misses, entries } = cache.stats;
  assert.deepEqual({ hits, misses, entries }, { hits: 2, misses: 3, entries: 3 });
});

test("keeps nothing of an entrypoint whose policy does not claim it", async () => {
  const { ask, cache } = stage();
  assert.deepEqual([await ask({ tenant: "a" }, "free"), await ask({ tenant: "a" }, "free")], [1, 2]);
  assert.deepEqual([cache.stats.hits, cache.stats.misses, cache.stats.entries], [0, 0, 0]);
});

test("finds a decision by what is read alone when it is handed a value", async () => {
  const { ask, inputs } = stage();
  assert.equal(await ask({ tenant: "a", other: 1 }), 1);
  assert.equal(await ask({ tenant: "a", other: 2 }), 1);
  assert.deepEqual(inputs, ['{"tenant":"a"}']);
});

test("keeps a decision for as long as the policy says, and no longer than the configuration does", async () => {
  const { ask, clock, cache } = stage();
  await ask({ tenant: "a" });
  clock.nowMs = 999;
  assert.equal(await ask({ tenant: "a" }), 1);
  clock.nowMs = 1_000;
  assert.equal(await ask({ tenant: "a" }), 2);
  assert.equal(cache.stats.evictions.age, 1);
  const bounded = stage({ maxAgeMs: 10 });
  await bounded.ask({ tenant: "a" });
  bounded.clock.nowMs = 10;
  assert.equal(await bounded.ask({ tenant: "a" }), 2);
});

test("stays within its bytes by forgetting what was not asked for longest", async () => {
  const size = ENTRY_BYTES + 2 * '{"count":1}'.length;
  const { ask, cache } = stage({ maxBytes: 2 * size });
  await ask({ tenant: "a" });
  await ask({ tenant: "b" });
  await ask({ tenant: "a" });
  assert.equal(cache.stats.bytes, 2 * size);
  await ask({ tenant: "c" });
  assert.deepEqual([cache.stats.bytes, cache.stats.entries, cache.stats.evictions.size], [2 * size, 2, 1]);
  assert.equal(await ask({ tenant: "a" }), 1);
  assert.equal(await ask({ tenant: "b" }), 4);
});

test("keeps nothing that is larger than all its room", async () => {
  const large = () => ({ result: { count: 1, text: "x".repeat(1_000) } });
  const { ask, cache } = stage({ maxBytes: 2_000 }, large);
  await ask({ tenant: "a" });
  assert.deepEqual([cache.stats.entries, cache.stats.bytes], [0, 0]);
  const off = stage({ maxBytes: 0 });
  assert.deepEqual([await off.ask({ tenant: "a" }), await off.ask({ tenant: "a" })], [1, 2]);
});

test("keeps no decision on an input that is too large to be a key", async () => {
  const { ask, cache } = stage();
  const frame = bytes({ tenant: "" }).length;
  const fits = bytes({ tenant: "x".repeat(KEY_BYTES_MAX - frame) });
  const larger = bytes({ tenant: "x".repeat(KEY_BYTES_MAX - frame + 1) });
  assert.deepEqual([await ask(fits), await ask(fits)], [1, 1]);
  assert.deepEqual([await ask(larger), await ask(larger)], [2, 3]);
  assert.equal(cache.stats.entries, 1);
});

test("keeps no decision that used what answers anew each time", async () => {
  const { ask, cache } = stage({}, () => ({ nondeterministic: { "time.now_ns": { "[]": "1" } } }));
  assert.deepEqual([await ask({ tenant: "a" }), await ask({ tenant: "a" })], [1, 2]);
  assert.equal(cache.stats.entries, 0);
});

test("keeps an undefined decision as undefined", async () => {
  const { cached, cache } = stage({}, () => ({ result: undefined }));
  assert.equal((await cached.evaluate("a/b", {})).result, undefined);
  assert.equal((await cached.evaluate("a/b", {})).result, undefined);
  assert.equal(cache.stats.hits, 1);
});

test("keeps no failure", async () => {
  let fail = true;
  const { ask } = stage({}, () => {
    if (fail) throw new Error("trap");
    return {};
  });
  await assert.rejects(ask({ tenant: "a" }), /trap/);
  fail = false;
  assert.equal(await ask({ tenant: "a" }), 2);
});

test("hands out what nobody can change for those that come after", async () => {
  const { cached } = stage({}, () => ({ result: { allow: false, reasons: [{ code: "a" }] } }));
  for (const _ of [1, 2]) {
    const { result } = await cached.evaluate("a/b", { tenant: "a" });
    const decision = result as { allow: boolean; reasons: { code: string }[] };
    assert.throws(() => {
      decision.allow = true;
    }, TypeError);
    assert.throws(() => decision.reasons.pop(), TypeError);
    assert.throws(() => {
      (decision.reasons[0] as { code: string }).code = "b";
    }, TypeError);
  }
});

test("forgets everything when it is cleared, and never answers for other policies of the same revision", async () => {
  const { ask, cache, policies } = stage();
  await ask({ tenant: "a" });
  const other = cache.over(policies, () => CLAIM);
  assert.deepEqual((await other.evaluate("a/b", { tenant: "a" })).result, { count: 2 });
  cache.clear();
  assert.deepEqual([cache.stats.entries, cache.stats.bytes, cache.stats.evictions.activation], [0, 0, 2]);
  assert.equal(await ask({ tenant: "a" }), 3);
});
