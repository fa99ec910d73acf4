import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { withFolder } from "../../../test/support/rego.ts";
import { readBundle } from "../bundle/bundle.ts";
import { buildBundle } from "../opa/build.ts";
import { CAPABILITIES_FILE, findOpa, runOpa } from "../opa/opa.ts";
import { PolicyInstance } from "../wasm/instance.ts";
import { compilePolicyModule } from "../wasm/module.ts";
import { ABSENT_BUILTINS } from "./absent.ts";
import { supplyOf } from "./catalogue.ts";
import { COMPILED_BUILTINS } from "./compiled.ts";
import { BUILTINS_PAGE, generateBuiltinFiles } from "./generate.ts";
import { HOST_BUILTINS } from "./host.ts";
import { NATIVE_BUILTINS } from "./native.ts";

type Declaration = {
  readonly name: string;
  readonly decl: { readonly args?: readonly unknown[]; readonly result?: unknown };
  readonly relation?: boolean;
};

const opa = await findOpa();
const declared = (
  JSON.parse((await runOpa(opa, ["capabilities", "--current"])).stdout) as {
    builtins: Declaration[];
  }
).builtins;

describe("the table of builtins", () => {
  test("knows all 206 of OPA 1.22, each once, and no others", () => {
    const names = declared.map(({ name }) => name);
    assert.equal(names.length, 206);
    const tables = [
      NATIVE_BUILTINS,
      COMPILED_BUILTINS,
      new Set(HOST_BUILTINS.keys()),
      new Set(ABSENT_BUILTINS.keys()),
    ];
    const listed = tables.flatMap((table) => [...table]);
    assert.deepEqual(listed.sort(), [...names].sort());
    for (const name of names) assert.notEqual(supplyOf(name), undefined);
  });

  test("agrees with OPA about what a compiled policy asks its host for", async () => {
    assert.deepEqual(
      await askedOfTheHost(),
      declared
        .map(({ name }) => name)
        .filter((name) => HOST_BUILTINS.has(name) || ABSENT_BUILTINS.has(name))
        .sort(),
    );
  });

  test("is what schema/capabilities.json and docs/builtins.md say", async () => {
    const { capabilities, page } = await generateBuiltinFiles(opa);
    const hint = "run node src/policy/builtins/generate.ts";
    assert.equal(await readFile(CAPABILITIES_FILE, "utf8"), capabilities, hint);
    assert.equal(await readFile(BUILTINS_PAGE, "utf8"), page, hint);
  });

  test("makes an absent builtin fail when a policy is built", async () => {
    await withFolder(async (folder) => {
      for (const call of [
        'http.send({"method": "get", "url": "http://127.0.0.1"})',
        'net.lookup_ip_addr("localhost")',
      ]) {
        const path = join(folder, "p.rego");
        await writeFile(path, `package p\n\nr := ${call}\n`);
        await assert.rejects(
          buildBundle({ paths: [path], output: join(folder, "b.tar.gz"), entrypoints: ["p/r"] }),
          /undefined function (http\.send|net\.lookup_ip_addr)[\s\S]*\1 is not there\. It would reach out to the network[\s\S]*docs\/builtins\.md lists/,
        );
      }
      const path = join(folder, "q.rego");
      await writeFile(path, "package p\n\nr := json.sing(1)\n");
      await assert.rejects(
        buildBundle({ paths: [path], output: join(folder, "b.tar.gz"), entrypoints: ["p/r"] }),
        /undefined function json\.sing\ndocs\/builtins\.md lists the builtins that Regent has\.$/,
      );
    });
  });
});

/**
 * The builtins that a policy which calls every builtin leaves to its host. Those that compilation removes, and those
 * that a policy cannot name, do not show.
 */
async function askedOfTheHost(): Promise<readonly string[]> {
  const callable = declared.filter(
    ({ name }) => !["eq", "assign", "print"].includes(name) && !name.startsWith("internal."),
  );
  const rules = callable.map(({ name, decl, relation }, index) => {
    const args = (decl.args ?? []).map((_, at) => `input.a${at}`);
    const call = `${name}(${[...args, ...(relation === true ? ["_"] : [])].join(", ")})`;
    return `r${index} = x { x := ${relation === true ? `[1 | ${call}]` : call} }`;
  });
  const printing = 'r { print("printed") }';
  const source = ["package all", "# METADATA\n# title: annotated", ...rules, printing].join("\n\n");
  // Only Rego of version 0 may still call what is deprecated.
  return withFolder(async (folder) => {
    const path = join(folder, "all.rego");
    await writeFile(path, source);
    const output = join(folder, "bundle.tar.gz");
    const run = await runOpa(opa, [
      "build",
      "-t",
      "wasm",
      "--v0-compatible",
      "--wasm-include-print",
      "-e",
      "all",
      "-o",
      output,
      path,
    ]);
    assert.equal(run.stderr + run.stdout, "");
    const policy = await compilePolicyModule((await readBundle(output)).wasm);
    return namesAskedBy(policy);
  });
}

/** A policy that is given no builtin at all says which it needs. */
function namesAskedBy(policy: Awaited<ReturnType<typeof compilePolicyModule>>): readonly string[] {
  try {
    new PolicyInstance({ policy, memoryMaxBytes: 1 << 24, builtins: new Map() });
  } catch (error) {
    const [, names = ""] = /does not have: ([^;]*)/.exec((error as Error).message) ?? [];
    return names.split(", ").sort();
  }
  return [];
}
