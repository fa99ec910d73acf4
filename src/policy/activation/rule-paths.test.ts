import assert from "node:assert/strict";
import { test } from "node:test";
import { compileBundle } from "../../../test/support/rego.ts";
import { unpackArchive } from "../bundle/archive.ts";
import { encodeU32, readSections, WasmFormatError, writeModule } from "../wasm/binary.ts";
import { rulePathsOf } from "./rule-paths.ts";

const RULES = `package regent.rules.acme.hours

denies contains 1 if input.x == 1

labels["any.team"] := "x" if input.x == 2

response.inspect := true if input.x == 3

default route := {}

deny contains 1 if _own(input.x)

_own(x) if x == 4
`;

async function moduleOf(rego: string): Promise<Buffer> {
  const asking = "package p\n\nr := [name | some c, d, name; data.regent.rules[c][d][name]]\n";
  const { files } = await unpackArchive(await compileBundle({ "a.rego": rego, "p.rego": asking }, ["p/r"]));
  return files.get("policy.wasm") ?? assert.fail("no module");
}

/** A custom section, as tools read it. */
function custom(name: string, content: readonly number[]) {
  return { id: 0, bytes: Buffer.from([...encodeU32(name.length), ...Buffer.from(name), ...content]) };
}

test("a module tells the rules that it evaluates, whatever their conditions", async () => {
  const paths = rulePathsOf(await moduleOf(RULES)).map((path) => path.join("/"));
  const names = ["_own", "denies", "deny", "labels", "response", "route"];
  assert.deepEqual(
    paths.sort(),
    names.map((name) => `acme/hours/${name}`),
  );
});

test("a package of another depth is told as far as it goes", async () => {
  const paths = rulePathsOf(await moduleOf("package regent.rules.acme\n\ndeny contains 1 if input.x\n"));
  assert.deepEqual(paths, [["acme", "deny"]]);
});

test("parts that are no words are told as they are", async () => {
  const paths = rulePathsOf(
    await moduleOf('package regent.rules["a.b"]["c \\"d\\""]\n\ndeny contains 1 if input.x\n'),
  );
  assert.deepEqual(paths, [["a.b", 'c "d"', "deny"]]);
});

test("a module without names of functions tells nothing", async () => {
  const sections = readSections(await moduleOf(RULES)).filter(({ id }) => id !== 0);
  assert.deepEqual(rulePathsOf(Buffer.from(writeModule(sections))), []);
  const other = Buffer.from(writeModule([...sections, custom("producers", [0])]));
  assert.deepEqual(rulePathsOf(other), []);
});

test("names that cannot be read are no empty list", () => {
  // One function is promised, and the section ends.
  const cut = Buffer.from(writeModule([custom("name", [1, 1, 1])]));
  assert.throws(() => rulePathsOf(cut), WasmFormatError);
});
