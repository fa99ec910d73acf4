import assert from "node:assert/strict";
import { test } from "node:test";
import { createRevision } from "../../../test/support/rego.ts";

const SOURCE = `# METADATA
# title: The package
package annotated

# METADATA
# title: The rule
# custom: {code: 7}
own := rego.metadata.rule()

# METADATA
# title: Another rule
chain := [{"path": link.path, "title": link.annotations.title} | some link in rego.metadata.chain()]

traced if trace(sprintf("tried %v", [input]))

mistraced if trace(input)

printed if print("printed", input, input.missing)
`;

async function evaluated(rule: string, input: string): Promise<{ result: unknown; printed: string[] }> {
  const printed: string[] = [];
  const revision = await createRevision({ "annotated.rego": SOURCE }, [`annotated/${rule}`], {
    print: (line) => printed.push(line),
  });
  const { result } = revision.evaluate(`annotated/${rule}`, Buffer.from(input));
  return { result: result && JSON.parse(result), printed };
}

test("rego.metadata.rule and rego.metadata.chain give the annotations of the source", async () => {
  assert.deepEqual((await evaluated("own", "null")).result, {
    scope: "rule",
    title: "The rule",
    custom: { code: 7 },
  });
  assert.deepEqual((await evaluated("chain", "null")).result, [
    { path: ["annotated", "chain"], title: "Another rule" },
    { path: ["annotated"], title: "The package" },
  ]);
});

test("trace is true for a text and prints it, and is undefined for anything else", async () => {
  assert.deepEqual(await evaluated("traced", "1"), { result: true, printed: ["tried 1"] });
  assert.deepEqual(await evaluated("mistraced", "1"), { result: undefined, printed: [] });
});

test("print writes its operands in a line, what is undefined as such, and goes on", async () => {
  assert.deepEqual(await evaluated("printed", '{"a":["b"]}'), {
    result: true,
    printed: ['printed {"a": ["b"]} <undefined>'],
  });
});
