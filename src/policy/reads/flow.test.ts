import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { type Sources, withFolder, writeSources } from "../../../test/support/rego.ts";
import type { JsonValue } from "../../exchange/json.ts";
import { fileOf } from "../opa/archive.ts";
import { findOpa, runOpa } from "../opa/opa.ts";
import { readsOfUnits, TRACKED_DEPTH_MAX, TRACKED_PATHS_MAX } from "./flow.ts";
import type { Found } from "./found.ts";
import { parsePlan } from "./plan.ts";

/** OPA's plan of some sources, as JSON. */
async function planJson(sources: Sources, entrypoint: string): Promise<JsonValue> {
  return withFolder(async (folder) => {
    await writeSources(folder, sources);
    const output = join(folder, "plan.tar.gz");
    const files = Object.keys(sources).map((name) => join(folder, name));
    const run = await runOpa(await findOpa(), [
      "build",
      "-t",
      "plan",
      "-e",
      entrypoint,
      "-o",
      output,
      ...files,
    ]);
    assert.equal(run.status, 0, run.stderr);
    return JSON.parse(fileOf(await readFile(output), "plan.json").toString()) as JsonValue;
  });
}

function findIn(json: JsonValue, entrypoint: string): Found {
  const plan = parsePlan(json);
  const unit = plan.plans.get(entrypoint);
  assert.ok(unit !== undefined);
  return readsOfUnits(plan, [unit]);
}

const find = async (rego: string, entrypoint = "p/out") =>
  findIn(await planJson({ "p.rego": `package p\n\n${rego}\n` }, entrypoint), entrypoint);
const reads = async (rego: string) => JSON.stringify((await find(rego)).reads);

test("finds members below each other, and tells what is read from what is only looked at", async () => {
  assert.equal(await reads("out := input.a.b"), '{"a":{"b":true}}');
  assert.equal(
    await reads("out if { _ = input.a; is_object(input.b); not input.c.d }"),
    '{"a":{},"b":{},"c":{"d":true}}',
  );
  assert.equal(await reads("out := 1"), "{}");
  assert.equal(await reads("out := input"), "true");
});

test("follows a rule that names a part of the input, through several bodies and a default", async () => {
  const rules = "http := input.attributes.request.http\n\ndefault none := {}\n\nnone := input.x.y if input.z";
  assert.equal(
    await reads(`${rules}\n\nout if http.method == "GET"\n\nout if http.headers.a\n\nout if none.w`),
    '{"attributes":{"request":{"http":{"headers":{"a":true},"method":true}}},"x":{"y":{"w":true}},"z":true}',
  );
});

test("reads all of two values that a rule must not both have", async () => {
  assert.equal(await reads("r := input.a\n\nr := input.b\n\nout := r.x"), '{"a":true,"b":true}');
});

test("finds every rule that a computed path may lead to, and keeps the others out", async () => {
  const sources = {
    "p.rego": "package p\n\nout := data.rules[input.category][input.name]\n",
    "one.rego": "package rules.one\n\ndeny if input.a\n\nallow if input.b\n",
    "two.rego": "package rules.two\n\ndeny if input.c.d\n",
    "other.rego": "package other\n\ndeny if input.unread\n",
  };
  const found = findIn(await planJson(sources, "p/out"), "p/out");
  assert.equal(JSON.stringify(found.reads), '{"a":true,"b":true,"c":{"d":true},"category":true,"name":true}');
});

test("says where something is read first, and which builtins are called", async () => {
  const { paths, builtins } = await find("out if {\n\tinput.a.b == 1\n\tcount(input.c) > 0\n}");
  const wholes = paths.filter(({ whole }) => whole);
  assert.deepEqual(
    wholes.map(({ path, place }) => [path.join("."), place.row]),
    [
      ["a.b", 4],
      ["c", 5],
    ],
  );
  assert.deepEqual([...builtins.keys()].sort(), ["count", "gt"]);
  assert.ok(wholes.every(({ place }) => place.file.endsWith("p.rego")));
});

test("takes a statement that it does not know for one that reads everything", async () => {
  const json = await planJson({ "p.rego": "package p\n\nout if input.a\n" }, "p/out");
  const renamed = JSON.parse(JSON.stringify(json).replaceAll('"NotEqualStmt"', '"NewStmt"')) as JsonValue;
  assert.notDeepEqual(renamed, json);
  assert.equal(findIn(renamed, "p/out").reads, true);
  assert.throws(() => parsePlan([]), TypeError);
  const operand = JSON.parse(JSON.stringify(json).replaceAll('"local"', '"register"')) as JsonValue;
  assert.throws(() => findIn(operand, "p/out"), /unknown type register/);
});

test("reads along what lies deeper than it tells apart", async () => {
  const path = (names: number) => Array.from({ length: names }, (_, index) => `m${index}`);
  const nested = (names: number) =>
    path(names).reduceRight<unknown>((inner, name) => ({ [name]: inner }), true);
  for (const names of [TRACKED_DEPTH_MAX, TRACKED_DEPTH_MAX + 1, TRACKED_DEPTH_MAX + 3])
    assert.equal(
      await reads(`out := input.${path(names).join(".")}`),
      JSON.stringify(nested(Math.min(names, TRACKED_DEPTH_MAX))),
    );
});

test("reads everything where a policy mixes up more parts than are told apart", async () => {
  const calls = (count: number) =>
    Array.from({ length: count }, (_, index) => `out contains f(input.m${index})`).join("\n\n");
  const few = (await find(`f(x) := x.y\n\n${calls(TRACKED_PATHS_MAX)}`)).reads;
  assert.ok(few !== true && JSON.stringify(few.m7) === '{"y":true}');
  assert.equal((await find(`f(x) := x.y\n\n${calls(TRACKED_PATHS_MAX + 1)}`)).reads, true);
});
