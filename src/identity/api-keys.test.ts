import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { renderFault } from "../document/fault.ts";
import {
  API_KEY_LENGTH_MAX,
  type ApiKeyFile,
  createApiKeyLookup,
  hashApiKey,
  parseApiKeys,
} from "./api-keys.ts";

const salt = randomBytes(16).toString("hex");
const randomKey = () => randomBytes(24).toString("base64url");

function entry(id: string, key: string): string {
  return `  - { id: ${id}, hash: "${hashApiKey(salt, key)}", subject: ${id}, tenant: acme, roles: [analyst] }`;
}

function parsed(...entries: string[]): ApiKeyFile {
  const result = parseApiKeys(["version: 1", `salt: "${salt}"`, "keys:", ...entries].join("\n"), "keys.yaml");
  assert.ok(result.ok, result.ok ? "" : result.faults.map(renderFault).join("\n"));
  return result.value;
}

function faults(text: string): string[] {
  const result = parseApiKeys(text, "keys.yaml");
  assert.ok(!result.ok, "the document must not pass");
  return result.faults.map(renderFault);
}

test("finds each key of a file and nothing else", () => {
  const [one, two] = [randomKey(), randomKey()];
  const lookup = createApiKeyLookup(parsed(entry("one", one), entry("two", two)));
  assert.equal(lookup(one)?.id, "one");
  assert.equal(lookup(two)?.id, "two");
  for (const other of ["", randomKey(), one.slice(1), `${one}x`, one.toUpperCase(), hashApiKey(salt, one)]) {
    assert.equal(lookup(other), undefined);
  }
});

test("refuses a key whose digest only begins like a known one", () => {
  const key = randomKey();
  const file = parsed(entry("one", key));
  const [known] = file.keys;
  assert.ok(known);
  const flipped = known.hash.endsWith("0") ? "1" : "0";
  const lookup = createApiKeyLookup({
    ...file,
    keys: [{ ...known, hash: known.hash.slice(0, -1) + flipped }],
  });
  assert.equal(lookup(key), undefined);
});

test("knows a key of the greatest length and none that is longer", () => {
  const longest = "k".repeat(API_KEY_LENGTH_MAX);
  const tooLong = `${longest}k`;
  const lookup = createApiKeyLookup(parsed(entry("longest", longest), entry("too-long", tooLong)));
  assert.equal(lookup(longest)?.id, "longest");
  assert.equal(lookup(tooLong), undefined);
});

test("one key under two salts has two hashes", () => {
  const key = randomKey();
  assert.notEqual(hashApiKey(salt, key), hashApiKey(randomBytes(16).toString("hex"), key));
});

test("reports every fault of a file at once, each with its place", () => {
  const hash = hashApiKey(salt, randomKey());
  const text = [
    "version: 1",
    'salt: "00ff"',
    "keys:",
    `  - { id: one, hash: "${hash}", subject: one, tenant: acme, roles: [analyst] }`,
    `  - { id: one, hash: "${hash}", subject: "a b", tenant: acme, roles: [analyst], rolls: [] }`,
    "  - { id: two, hash: plain, subject: two, roles: [analyst] }",
  ].join("\n");
  assert.deepEqual(faults(text), [
    "keys.yaml:2:7 error config/value salt: must be 16 to 64 bytes in lower-case hex",
    "keys.yaml:5:11 error config/duplicate keys[1].id: another key of this file has the same id",
    "keys.yaml:5:22 error config/duplicate keys[1].hash: another key of this file has the same hash",
    "keys.yaml:5:106 error config/value keys[1].subject: must be 1 to 256 printable ASCII characters, no space",
    'keys.yaml:5:145 error config/unknown-field keys[1].rolls: unknown field; did you mean "roles"?',
    "keys.yaml:6:5 error config/missing-field keys[2].tenant: required (a string)",
    'keys.yaml:6:22 error config/value keys[2].hash: must be "sha256:" and 64 lower-case hex digits',
  ]);
});

test("refuses an empty document, and one that holds something else", () => {
  for (const text of ["", "[]", "keys: 5", "keys: [5, null]"]) assert.notEqual(faults(text).length, 0);
});
