import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonValue } from "../../exchange/json.ts";
import { pruneInput, type Reads, readsOf } from "../../exchange/reads.ts";
import { BundleError } from "../bundle/error.ts";
import { CLAIM_TTL_MS_MAX, claimFaults, NEVER_CACHED } from "./claim.ts";
import { NO_FACTS, readManifestSection } from "./manifest.ts";
import { parseReads, READS_DEPTH_MAX, READS_MEMBERS_MAX } from "./reads.ts";

const WASM = "ab".repeat(32);
const section = (regent: JsonValue): JsonValue => ({ other: 1, regent });
const refused = (regent: JsonValue, message: RegExp) =>
  assert.throws(
    () => readManifestSection(section(regent), WASM),
    (error) => error instanceof BundleError && message.test(error.message),
  );

test("knows nothing of a bundle that something else built", () => {
  for (const metadata of [undefined, {}, { regnet: {} }, null])
    assert.equal(readManifestSection(metadata, WASM), NO_FACTS);
});

test("reads what the build wrote", () => {
  const facts = readManifestSection(
    section({
      wasm: WASM,
      reads: { "a/b": { identity: { tenant: true } }, "a/c": true },
      rules: { "models/known": { model: {} } },
      cache: { "a/b": { depends_on: [["identity"]], ttlMs: 30_000 } },
    }),
    WASM,
  );
  assert.equal(JSON.stringify([...facts.reads]), '[["a/b",{"identity":{"tenant":true}}],["a/c",true]]');
  assert.equal(JSON.stringify([...facts.rules]), '[["models/known",{"model":{}}]]');
  assert.deepEqual(facts.cache.get("a/b"), { dependsOn: [["identity"]], ttlMs: 30_000 });
});

test("refuses a section that is not of this module or of no known form, and says where", () => {
  refused({ wasm: "cd".repeat(32) }, /metadata\.regent\.wasm is not the digest of the module/);
  refused({}, /metadata\.regent\.wasm/);
  refused([], /metadata\.regent must be an object/);
  refused({ wasm: WASM, raeds: {} }, /metadata\.regent\.raeds is not known here/);
  refused({ wasm: WASM, reads: [] }, /metadata\.regent\.reads must be an object/);
  refused({ wasm: WASM, reads: { "a/b": false } }, /metadata\.regent\.reads\.a\/b must be true or an object/);
  refused({ wasm: WASM, rules: { x: { y: 1 } } }, /metadata\.regent\.rules\.x\.y must be true or an object/);
});

test("refuses a stored claim that the stored reads deny", () => {
  const cache = (claim: JsonValue, reads: JsonValue = { identity: true }) => ({
    wasm: WASM,
    reads: { "a/b": reads },
    cache: { "a/b": claim },
  });
  const claim = { depends_on: [["identity"]], ttlMs: 1 };
  assert.ok(readManifestSection(section(cache(claim)), WASM).cache.has("a/b"));
  refused(
    cache(claim, { identity: true, model: { name: true } }),
    /cache\.a\/b: the policy also reads input\.model\.name/,
  );
  refused({ wasm: WASM, cache: { "a/b": claim } }, /cache\.a\/b: the policy reads input, and a decision on/);
  refused(cache({ ...claim, ttlMs: 0 }), /ttlMs must be a number/);
  refused(cache({ ...claim, ttlMs: CLAIM_TTL_MS_MAX + 1 }), /ttlMs must be a number/);
  refused(cache({ ...claim, depends_on: "identity" }), /depends_on must be a list/);
  refused(cache({ ...claim, depends_on: [[]] }), /depends_on must hold lists of member names/);
  refused(cache({ ...claim, more: 1 }), /cache\.a\/b\.more is not known here/);
  refused(cache(1), /cache\.a\/b must be an object/);
});

/** A path as reads: all of the value that stands there. */
function at(path: readonly string[]): Reads {
  return path.reduceRight<Reads>((inner, member) => ({ [member]: inner }), true);
}

test("lets no decision be kept that reads bodies, budgets, time or what names the request, in whole or in part", () => {
  for (const path of NEVER_CACHED) {
    const everything = [path.slice(0, 1)];
    for (const reads of [at(path), at([...path, "inner"]), at(path.slice(0, -1)), at(path.slice(0, 1))])
      assert.notDeepEqual(claimFaults(everything, reads), [], `${path.join(".")} ${JSON.stringify(reads)}`);
  }
  assert.notDeepEqual(claimFaults([], true), []);
  assert.deepEqual(claimFaults([["request", "path"]], at(["request", "path"])), []);
  assert.deepEqual(claimFaults([["request"]], at(["request", "path"])), []);
  assert.notDeepEqual(claimFaults([["request", "path", "x"]], at(["request", "path"])), []);
  // That something is there, or of which type, is read as well.
  assert.notDeepEqual(claimFaults([], { model: {} }), []);
  assert.deepEqual(claimFaults([], {}), []);
});

test("bounds what it reads of a manifest", () => {
  const nested = (depth: number): JsonValue => (depth === 0 ? true : { x: nested(depth - 1) });
  assert.equal(
    JSON.stringify(parseReads(nested(READS_DEPTH_MAX), "r")),
    JSON.stringify(nested(READS_DEPTH_MAX)),
  );
  assert.throws(() => parseReads(nested(READS_DEPTH_MAX + 2), "r"), /nested more than/);
  const wide = (members: number) =>
    Object.fromEntries(Array.from({ length: members }, (_, i) => [`m${i}`, true]));
  assert.equal(Object.keys(parseReads(wide(READS_MEMBERS_MAX), "r")).length, READS_MEMBERS_MAX);
  assert.throws(() => parseReads(wide(READS_MEMBERS_MAX + 1), "r"), /too many members/);
});

test("takes the names of prototypes for names like any other", () => {
  const reads = parseReads(JSON.parse('{"__proto__":true,"constructor":{}}') as JsonValue, "r");
  assert.equal(readsOf(reads, "__proto__"), true);
  assert.equal(readsOf(reads, "toString"), undefined);
  const document = JSON.parse('{"__proto__":{"a":1},"constructor":{"b":1},"other":2}') as JsonValue;
  assert.equal(JSON.stringify(pruneInput(document, reads)), '{"__proto__":{"a":1},"constructor":{}}');
});

test("prunes objects by members and keeps what everything is", () => {
  const reads: Reads = { a: { b: true }, list: {}, seen: { x: true } };
  const prune = (value: JsonValue) => JSON.stringify(pruneInput(value, reads));
  assert.equal(prune({ a: { b: [1, { c: 2 }], d: 1 }, z: 1 }), '{"a":{"b":[1,{"c":2}]}}');
  assert.equal(prune({ a: null, list: [1, 2], seen: "text" }), '{"a":null,"list":[],"seen":"text"}');
  assert.equal(prune({ a: [1], list: { x: 1 }, seen: [{ x: 1 }] }), '{"a":[1],"list":{},"seen":[{"x":1}]}');
  for (const value of [1, "a", null, false]) assert.equal(pruneInput(value, reads), value);
});
