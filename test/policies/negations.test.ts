import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { faultyNegations } from "./negations.ts";

const MODULE = `package example

_known if input.a

fine if {
	not _known
	not input.b
	some x in input.list
	not x in {"a", "b"}
	not startswith(x, "a")
	not _helper(x)
}

_helper(x) if x.region == "eu"

faulty if not is_object(input.model)
faulty if not input.size <= 3
faulty if not "x" in input.list
faulty if not startswith(_text, "a")
faulty if { some x in input.list; not x.region in {"eu"} }
faulty if count([1 | not is_string(data.b)]) > 0

_text := input.text
`;

test("negations of calls on what may be undefined are found, and no others", async () => {
  const folder = await mkdtemp(join(tmpdir(), "regent-negations-"));
  try {
    const file = join(folder, "example.rego");
    await writeFile(file, MODULE);
    const rows = MODULE.split("\n").flatMap((line, index) =>
      line.startsWith("faulty") ? [`${file}:${index + 1}`] : [],
    );
    assert.equal(rows.length, 6);
    assert.deepEqual(await faultyNegations(file), rows);
  } finally {
    await rm(folder, { recursive: true });
  }
});
