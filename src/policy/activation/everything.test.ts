import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ruleNames } from "../bundle/rego.ts";
import { createPolicyEngine } from "../engine.ts";
import type { BundleSource } from "../source/source.ts";

const SOURCE = `package a.b

import data.other

default allow := false

allow if input.x == 1

names contains name if some name in input.names

roles[user] := "x" if some user in input.users

nested.deep.rule := 1

# comment if it is one
double(x) := 2 * x

default triple(_) := 3

plain := {"k": "v"}

text := \`
looks := like a rule
\`
`;

function sourceOf(files: { readonly [path: string]: string }): BundleSource {
  const content = new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
  return {
    location: "memory",
    start: async (sink) => {
      await sink.offer({ files: content, digest: JSON.stringify(files), bytes: 1 });
    },
    reload: async () => undefined,
    close: async () => undefined,
  };
}

async function entrypointsOf(files: { readonly [path: string]: string }, everything?: "packages" | "rules") {
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const engine = await createPolicyEngine({
    bundles: [{ name: "main", source: sourceOf(files) }],
    entrypoints: ["a/b/allow"],
    ...(everything === undefined ? {} : { everything }),
    log,
  });
  const document = engine.document();
  await engine.close();
  return {
    entrypoints: document?.entrypoints.toSorted(),
    complete: document?.complete,
    data: document?.data(),
  };
}

describe("what can be asked of Rego sources", () => {
  test("are the entrypoints that are named, unless everything is asked for", async () => {
    const { entrypoints, complete } = await entrypointsOf({ "a.rego": SOURCE });
    assert.deepEqual([entrypoints, complete], [["a/b/allow"], false]);
  });

  test("are packages as a whole, with the data beside them", async () => {
    const files = { "a.rego": SOURCE, "a/roles/data.json": '{"alice":"admin"}' };
    assert.deepEqual(await entrypointsOf(files, "packages"), {
      entrypoints: ["a/b", "a/b/allow"],
      complete: true,
      data: { a: { roles: { alice: "admin" } } },
    });
  });

  test("are all rules besides, and no functions; a text that looks like a rule costs only the rules", async () => {
    const [clean] = SOURCE.split("text :=");
    const all = ["allow", "names", "nested", "plain", "roles"].map((rule) => `a/b/${rule}`);
    const found = await entrypointsOf({ "a.rego": clean ?? "" }, "rules");
    assert.deepEqual(found.entrypoints, ["a/b", ...all]);
    assert.ok(ruleNames(SOURCE).includes("looks"));
    const fallen = await entrypointsOf({ "a.rego": SOURCE }, "rules");
    assert.deepEqual(fallen.entrypoints, ["a/b", "a/b/allow"]);
  });
});
