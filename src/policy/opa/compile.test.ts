import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, test } from "node:test";
import { BundleError } from "../bundle/error.ts";
import { compileRego, type RegoBundle } from "./compile.ts";
import { OpaError } from "./opa.ts";

const bundle = (name: string, rego: string, more: Partial<RegoBundle> = {}): RegoBundle => ({
  name,
  roots: [name],
  versions: {},
  files: [{ path: "p.rego", content: Buffer.from(rego) }],
  data: Buffer.from("{}"),
  ...more,
});

const leftOvers = () => readdirSync(tmpdir()).filter((name) => name.startsWith("regent-compile-"));

describe("compileRego", () => {
  test("ends OPA at the time limit, says so and leaves nothing behind", async () => {
    const before = leftOvers();
    await assert.rejects(compileRego([bundle("a", "package a\n\nr := 1\n")], ["a/r"], 1), (error) => {
      assert.ok(error instanceof BundleError);
      assert.equal(error.message, "OPA has not compiled its Rego within 1 ms");
      return true;
    });
    assert.deepEqual(leftOvers(), before);
  });

  test("names a bundle in OPA's words, whatever it is called, and refuses data where a package is", async () => {
    const odd = "https://x/authz main";
    await assert.rejects(
      compileRego([bundle(odd, "package a\n\nr := nothing\n", { roots: ["a"] })], ["a/r"]),
      (error) => {
        assert.ok(error instanceof OpaError);
        assert.match(error.message, /https:\/\/x\/authz main\/p\.rego:3: rego_unsafe_var_error/);
        return true;
      },
    );
    const data = Buffer.from('{"a":{"r":2}}');
    await assert.rejects(
      compileRego([bundle("a", "package a\n\nr := 1\n", { data })], ["a/r"]),
      /a\/p\.rego:3: rego_compile_error: conflicting rule for data path a\/r found/,
    );
  });

  test("tells folders of many bundles apart", async () => {
    const many = Array.from({ length: 12 }, (_, index) =>
      bundle(`b${index}`, `package b${index}\n\nr := 1\n`),
    );
    const bad = bundle("bad", "package bad\n\nr := nothing\n");
    await assert.rejects(
      compileRego([...many, bad], ["b0/r", "b11/r", "bad/r"]),
      /error occurred: bad\/p\.rego:3/,
    );
    assert.deepEqual((await compileRego(many, ["b0/r", "b11/r"])).entrypoints, ["b0/r", "b11/r"]);
  });
});
