import assert from "node:assert/strict";
import { test } from "node:test";
import { compileBundle, createRevision } from "../../../test/support/rego.ts";
import { parseBundle } from "../bundle/bundle.ts";
import { resultValue } from "../result.ts";

const MAIN = "package acme\n\nallow := true\n";

async function entrypointsOf(sources: { readonly [path: string]: string }): Promise<readonly string[]> {
  const { entrypoints } = await parseBundle(
    await compileBundle({ "main.rego": MAIN, ...sources }, ["acme/allow"]),
  );
  return [...entrypoints].sort();
}

test("rules that mask and drop log events are entrypoints wherever they exist, and only then", async () => {
  assert.deepEqual(await entrypointsOf({}), ["acme/allow"]);
  assert.deepEqual(
    await entrypointsOf({
      "log.rego": 'package system.log\n\nmask contains "/input/secret"\n',
      "other.rego": "package other\n\nmask := 1\n\ndrop := 2\n",
    }),
    ["acme/allow", "system/log/mask"],
  );
  assert.deepEqual(
    await entrypointsOf({
      "system.rego": 'package system\n\nlog.mask contains "/input/a"\n\nlog["drop"] := false\n',
    }),
    ["acme/allow", "system/log/drop", "system/log/mask"],
  );
});

test("a rule that is there can be asked", async () => {
  const sources = { "main.rego": MAIN, "log.rego": 'package system.log\n\nmask contains "/input/secret"\n' };
  const revision = await createRevision(sources, ["acme/allow"]);
  const { result = "" } = revision.evaluate("system/log/mask", {});
  assert.deepEqual(resultValue(result), ["/input/secret"]);
});
