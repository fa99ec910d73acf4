import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { BundleError } from "../policy/bundle/error.ts";
import type { BundleFiles, BundleSink } from "../policy/source/source.ts";
import { createPathsSource, FOLDER_DEPTH_MAX, parsePath, readPaths } from "./paths.ts";

function folderOf(t: TestContext, files: { readonly [path: string]: string }): string {
  const folder = mkdtempSync(join(tmpdir(), "regent-paths-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

const dataOf = ({ files }: BundleFiles): unknown => JSON.parse(String(files.get("data.json")));
const rootsOf = ({ files }: BundleFiles): unknown => JSON.parse(String(files.get(".manifest"))).roots;
const regoOf = ({ files }: BundleFiles) => [...files.keys()].filter((path) => path.endsWith(".rego"));

describe("the files of the command line", () => {
  test("are all policies and data of folders, data at the place of its folders", async (t) => {
    const folder = folderOf(t, {
      "p.rego": "package envoy.authz\nallow := true\n",
      "inner/q.rego": "package envoy.authz.inner\n",
      "users.json": '{"users":{"id":12345678901234567890}}',
      "inner/deep/x.yaml": "a: 1\n",
      "inner/deep/y.yml": "b: 2\n",
      "README.md": "no data",
      "..data/p.rego": "package envoy.authz\n",
    });
    const read = await readPaths([parsePath(folder)], []);
    assert.match(String(read.files.get("data.json")), /12345678901234567890/);
    assert.deepEqual((dataOf(read) as { inner: unknown }).inner, { deep: { a: 1, b: 2 } });
    assert.equal(regoOf(read).length, 2);
    assert.deepEqual((rootsOf(read) as string[]).sort(), ["envoy/authz", "inner", "users"]);
  });

  test("may be put somewhere else in the data, and be named as URLs", async (t) => {
    const folder = folderOf(t, { "x.json": "[1]", "d/y.json": '{"a":1}' });
    const read = await readPaths(
      [parsePath(`p.q:${join(folder, "x.json")}`), parsePath(`file://${folder}/d`)],
      [],
    );
    assert.deepEqual(dataOf(read), { p: { q: [1] }, a: 1 });
  });

  test("are left out by patterns below what is named, not at it", async (t) => {
    const folder = folderOf(t, {
      "p.rego": "package a\n",
      ".hidden/q.rego": "package b\n",
      "p_test.rego": "package a\n",
    });
    const read = await readPaths([parsePath(folder)], [".*", "*_test.rego"]);
    assert.deepEqual(rootsOf(read), ["a"]);
    assert.equal(regoOf(read).length, 1);
    assert.deepEqual(rootsOf(await readPaths([parsePath(join(folder, ".hidden"))], [".*"])), ["b"]);
  });

  for (const [what, files, path, fault] of [
    ["nothing is there", {}, "none.rego", /none\.rego cannot be read: ENOENT/],
    ["a file is neither", { "x.txt": "x" }, "x.txt", /x\.txt is no policy and no data/],
    ["JSON is broken", { "x.json": "{" }, "", /x\.json cannot be read/],
    ["a list is at the root", { "x.json": "[]" }, "", /data at the root must be an object; write a\.b:/],
    [
      "two say something of one place",
      { "x.json": '{"a":1}', "y.json": '{"a":2}' },
      "",
      /the data at a is there twice/,
    ],
  ] as const)
    test(`are refused when ${what}`, async (t) => {
      const folder = folderOf(t, files);
      await assert.rejects(
        readPaths([parsePath(join(folder, path))], []),
        (error) => error instanceof BundleError && fault.test(error.message),
      );
    });

  test("are refused when a link leads back", async (t) => {
    const folder = folderOf(t, { "a/p.rego": "package a\n" });
    symlinkSync(folder, join(folder, "a", "back"));
    await assert.rejects(
      readPaths([parsePath(folder)], []),
      new RegExp(`more than ${FOLDER_DEPTH_MAX} folders deep|ELOOP`),
    );
  });
});

test("files of the command line are offered again when they change and are watched, and only then", async (t) => {
  const folder = folderOf(t, { "p.rego": "package a\n" });
  const offered: BundleFiles[] = [];
  let wake: () => void = () => undefined;
  const sink: BundleSink = {
    offer: async (version) => {
      offered.push(version);
      wake();
      return { accepted: true };
    },
    unchanged: () => undefined,
    failed: (error) => assert.fail(error),
  };
  const source = createPathsSource({ paths: [parsePath(folder)], ignore: [], watch: true });
  t.after(() => source.close());
  await source.start(sink);
  assert.equal(offered.length, 1);
  await source.reload();
  assert.equal(offered.length, 1);
  const changed = new Promise<void>((resolve) => {
    wake = resolve;
  });
  writeFileSync(join(folder, "q.rego"), "package b\n");
  await changed;
  assert.deepEqual(rootsOf(offered.at(-1) as BundleFiles), ["a", "b"]);
});
