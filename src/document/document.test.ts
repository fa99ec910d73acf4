import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { ALIASES_MAX, DOCUMENT_BYTES_MAX, FAULTS_MAX, parseDocument, SYNTAX_FAULTS_MAX } from "./document.ts";
import { renderFault } from "./fault.ts";
import { secretSchema } from "./secret.ts";

const SCHEMA = z.strictObject({
  mode: z.enum(["closed", "shadow"]),
  rooms: z.array(z.strictObject({ size: z.number().int().max(5) })).default([]),
  key: secretSchema.optional(),
  names: z.record(z.string(), z.string()).default({}),
});

function faultsOf(text: string): string[] {
  const parsed = parseDocument(text, "a.yaml", SCHEMA);
  return parsed.ok ? [] : parsed.faults.map(renderFault);
}

test("reports every fault at once, in order, with line, column, path, what is allowed and what was meant", () => {
  const text = [
    "mode: close",
    "rooms:",
    "  - size: 9",
    "  - sise: 1",
    "key: plain",
    "names: { a: 1 }",
    "nmaes: {}",
    "quite-different: 1",
  ].join("\n");
  assert.deepEqual(faultsOf(text), [
    'a.yaml:1:7 error config/value mode: must be one of closed, shadow; did you mean "closed"?',
    "a.yaml:3:11 error config/value rooms[0].size: must be at most 5",
    "a.yaml:4:5 error config/missing-field rooms[1].size: required (a number)",
    'a.yaml:4:5 error config/unknown-field rooms[1].sise: unknown field; did you mean "size"?',
    `a.yaml:5:6 error config/value key: a secret is written as \${NAME} (an environment variable) or { file: PATH }, never as its value`,
    "a.yaml:6:13 error config/type names.a: must be a string, not a number",
    'a.yaml:7:1 error config/unknown-field nmaes: unknown field; did you mean "names"?',
    "a.yaml:8:1 error config/unknown-field quite-different: unknown field; allowed here: mode, rooms, key, names",
  ]);
});

test("says in plain words which bound a value breaks, and only that of its own kind", () => {
  const schema = z.strictObject({
    least: z.number().min(0),
    whole: z.int(),
    word: z.string().min(1),
    short: z.string().max(3),
    few: z.array(z.int()).max(1),
    own: z.array(z.int()).max(1, "One is enough"),
    text: z.array(z.int()).max(1),
  });
  const text = "least: -1\nwhole: 1.5\nword: ''\nshort: long\nfew: [1, 2]\nown: [1, 2]\ntext: ab";
  const parsed = parseDocument(text, "a.yaml", schema);
  assert.deepEqual(parsed.ok ? [] : parsed.faults.map(({ path, message }) => `${path} ${message}`), [
    "least must be at least 0",
    "whole must be a whole number, not 1.5",
    "word must not be empty",
    "short must have at most 3 characters",
    "few must have at most 1 entries",
    "own one is enough",
    "text must be a list, not a string",
  ]);
});

test("looks into the branch of a union that was meant", () => {
  assert.deepEqual(faultsOf("mode: closed\nkey: { fiel: x }"), [
    "a.yaml:2:6 error config/missing-field key.file: required (a string)",
    'a.yaml:2:8 error config/unknown-field key.fiel: unknown field; did you mean "file"?',
  ]);
});

test("refuses a key that is written twice, beside the other faults", () => {
  assert.deepEqual(faultsOf("mode: closed\nmode: shadow\nroms: []"), [
    "a.yaml:2:1 error config/duplicate-key: this key is written twice in one map",
    'a.yaml:3:1 error config/unknown-field roms: unknown field; did you mean "rooms"?',
  ]);
});

test("refuses __proto__ and keys that are not words", () => {
  assert.deepEqual(faultsOf("mode: closed\nnames: { __proto__: x }"), [
    "a.yaml:2:10 error config/syntax: a key must be a plain word, and not __proto__",
  ]);
  assert.match(faultsOf("mode: closed\n? [a]\n: 1")[0] ?? "", /^a\.yaml:2:3 error config\/syntax/);
});

test("refuses unknown tags, undefined aliases, second documents and broken syntax with their line", () => {
  for (const [text, place] of [
    ["mode: !secret closed", "1:7"],
    ["mode: closed\nnames: *other", "2:8"],
    ["mode: closed\n---\nmode: closed", "2:1"],
    ["mode: closed\nrooms: [1,\n", "3:1"],
  ]) {
    assert.match(faultsOf(text ?? "")[0] ?? "", new RegExp(`^a\\.yaml:${place} error config/syntax`), text);
  }
});

test("shows where broken syntax begins and not every word that follows", () => {
  const rest = Array.from({ length: 50 }, (_, index) => `key${index}: value`).join("\n");
  const faults = faultsOf(` mode: closed\nmisplaced\n${rest}`);
  assert.equal(faults.length, SYNTAX_FAULTS_MAX);
  assert.match(faults[0] ?? "", /^a\.yaml:2:1 error config\/syntax/);
});

test("refuses more aliases than their limit in the time of their bytes, and one that stands before its anchor", () => {
  const document = (count: number) => {
    const anchors = Array.from({ length: count }, (_, index) => `&a${index} { size: 1 }`);
    const aliases = anchors.map((_, index) => `*a${index}`);
    return `mode: closed\nrooms: [${[...anchors, ...aliases].join(", ")}]`;
  };
  const most = parseDocument(document(ALIASES_MAX), "a.yaml", SCHEMA);
  assert.equal(most.ok && most.value.rooms.length, 2 * ALIASES_MAX);
  assert.match(
    faultsOf(document(ALIASES_MAX + 1))[0] ?? "",
    /2:\d+ error config\/syntax: more than 100 aliases/,
  );
  const startedAt = performance.now();
  assert.match(faultsOf(document(20_000))[0] ?? "", /more than 100 aliases/);
  // One walk over the document for each of them takes more than a minute.
  assert.ok(performance.now() - startedAt < 20_000);
  assert.match(
    faultsOf("mode: *x\nnames: { a: &x closed }")[0] ?? "",
    /1:7 error config\/syntax: .*no anchor/,
  );
});

test("refuses aliases that unfold beyond their limit and unfolds those below it", () => {
  const document = (count: number) =>
    `mode: closed\nrooms: [&a { size: 1 }, ${Array.from({ length: count }, () => "*a").join(", ")}]`;
  const below = parseDocument(document(ALIASES_MAX - 1), "a.yaml", SCHEMA);
  assert.equal(below.ok && below.value.rooms.length, ALIASES_MAX);
  assert.match(faultsOf(document(ALIASES_MAX + 1))[0] ?? "", /more than 100 aliases/);
  const bomb =
    "names: &a { a: b }\nrooms: &c [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a, *a]\nkey: [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]";
  assert.match(faultsOf(bomb)[0] ?? "", /Excessive alias count/);
});

test("refuses a document above its size limit", () => {
  const padded = (bytes: number) => "mode: closed\n#".padEnd(bytes, "x");
  assert.deepEqual(faultsOf(padded(DOCUMENT_BYTES_MAX)), []);
  assert.match(faultsOf(padded(DOCUMENT_BYTES_MAX + 1))[0] ?? "", /config\/too-large/);
});

test("ends a nesting without end as a fault", () => {
  assert.match(faultsOf("[".repeat(50_000))[0] ?? "", /^a\.yaml:1:\d+ error config\//);
});

test("shows no more faults than the limit and says how many are left", () => {
  const extra = 7;
  const text = Array.from({ length: FAULTS_MAX + extra }, (_, index) => `zz${index}: 1`).join("\n");
  const faults = faultsOf(`mode: closed\n${text}`);
  assert.equal(faults.length, FAULTS_MAX + 1);
  assert.match(faults.at(-1) ?? "", new RegExp(`and ${extra} more faults`));
});

test("gives a frozen value with defaults, and a way to point at a place in the document afterwards", () => {
  const parsed = parseDocument("mode: shadow\nrooms:\n  - size: 2\n", "a.yaml", SCHEMA);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, { mode: "shadow", rooms: [{ size: 2 }], names: {} });
  assert.ok(Object.isFrozen(parsed.value) && Object.isFrozen(parsed.value.rooms[0]));
  const fault = parsed.faultAt(["rooms", 0, "size"], "odd", "is even", "warning");
  assert.equal(renderFault(fault), "a.yaml:3:11 warning config/odd rooms[0].size: is even");
});

test("runs checks over several fields beside the schema, so that their faults come together", () => {
  const parsed = parseDocument("mode: x\nrooms: []", "a.yaml", SCHEMA, (_, faultAt) => [
    faultAt(["rooms"], "empty", "nothing to do"),
  ]);
  assert.deepEqual(!parsed.ok && parsed.faults.map((fault) => fault.code), ["config/value", "config/empty"]);
});
