import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { promisify } from "node:util";
import { KeptLog } from "../../../test/support/policy-engine.ts";
import { compileBundle, withFolder, writeSources } from "../../../test/support/rego.ts";
import { ARCHIVE_BYTES_MAX, unpackArchive } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import { createPolicyEngine, type ManagedPolicyEngine } from "../engine.ts";
import { readFiles } from "./read.ts";

const REGO = 'package p\n\nr := {"one": data.one.rev, "two": data.two.rev}\n';

const isRefusal = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof BundleError, String(error));
  assert.match(error.message, pattern);
  return true;
};

/** Writes the files of a compiled bundle whose data is in two files. */
async function writeBundle(folder: string, rev: string): Promise<void> {
  const { files } = await unpackArchive(await compileBundle({ "p.rego": REGO }, ["p/r"]));
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "policy.wasm"), files.get("policy.wasm") ?? "");
  await writeData(folder, rev);
}

async function writeData(folder: string, rev: string): Promise<void> {
  await writeSources(folder, { "one/data.json": JSON.stringify({ rev }) });
  await turn();
  await writeSources(folder, { "two/data.json": JSON.stringify({ rev }) });
}

async function start(path: string, log = new KeptLog()): Promise<ManagedPolicyEngine> {
  return createPolicyEngine({ bundles: [{ name: "main", path }], entrypoints: ["p/r"], log, pollMs: 20 });
}

async function ask(engine: ManagedPolicyEngine) {
  return (await engine.for("").evaluate("p/r", {})).result;
}

describe("a folder", () => {
  test("is followed with everything in it", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "bundle");
      await writeBundle(path, "1");
      const log = new KeptLog();
      const engine = await start(path, log);
      assert.deepEqual(await ask(engine), { one: "1", two: "1" });
      const active = log.next(/is active/);
      await writeData(path, "2");
      await active;
      assert.deepEqual(await ask(engine), { one: "2", two: "2" });
      await engine.close();
    });
  });

  test("that is being written while it is read is taken only as it stands still", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "bundle");
      await writeBundle(path, "0");
      const log = new KeptLog();
      const engine = await start(path, log);
      const seen: unknown[] = [];
      const end = engine.onStatus(() => {
        ask(engine).then((result) => seen.push(result));
      });
      for (let rev = 1; rev <= 60; rev++) {
        // What is in between must never decide: the two files are of two revisions.
        await writeData(path, String(rev));
        await turn();
      }
      for (;;) {
        const active = log.next(/is active/);
        if (((await ask(engine)) as { one: string }).one === "60") break;
        await active;
      }
      end();
      assert.ok(seen.length > 0);
      for (const result of [...seen, await ask(engine)] as { one: string; two: string }[])
        assert.equal(result.one, result.two);
      await engine.close();
    });
  });

  test("that goes on changing is told, and so is one with a link that leads nowhere", async () => {
    await withFolder(async (folder) => {
      await writeBundle(folder, "1");
      let writing = true;
      const writer = (async () => {
        for (let rev = 0; writing; rev++) await writeFile(join(folder, "one", "data.json"), `{"rev":${rev}}`);
      })();
      await assert.rejects(
        readFiles(folder),
        isRefusal(/goes on changing while it is read: write the new version beside/),
      );
      writing = false;
      await writer;
      await symlink("nowhere", join(folder, "gone.json"));
      await assert.rejects(readFiles(folder), isRefusal(/cannot be read whole: .*gone\.json/));
    });
  });

  test("may be a mounted ConfigMap, whose files are links into a folder of its version", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "mounted");
      const version = async (name: string, rev: string) => {
        await mkdir(join(path, name), { recursive: true });
        const bundle = await compileBundle(
          { "p.rego": REGO, "data.json": JSON.stringify({ one: { rev }, two: { rev } }) },
          ["p/r"],
        );
        const { files } = await unpackArchive(bundle);
        for (const file of ["policy.wasm", "data.json"])
          await writeFile(join(path, name, file), files.get(file) ?? "");
      };
      await version("..v1", "1");
      await symlink("..v1", join(path, "..data"));
      for (const file of ["policy.wasm", "data.json"]) await symlink(`..data/${file}`, join(path, file));
      assert.deepEqual([...(await readFiles(path)).files.keys()], ["data.json", "policy.wasm"]);
      const log = new KeptLog();
      const engine = await start(path, log);
      const active = log.next(/is active/);
      await version("..v2", "2");
      await symlink("..v2", join(path, "..new"));
      await rename(join(path, "..new"), join(path, "..data"));
      await active;
      assert.deepEqual(await ask(engine), { one: "2", two: "2" });
      await engine.close();
    });
  });

  test("is refused when a link leaves it, or something in it is no file", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "bundle");
      await writeBundle(path, "1");
      await writeFile(join(folder, "secret"), "s");
      for (const target of ["../secret", join(folder, "secret")]) {
        await symlink(target, join(path, "data.json"));
        await assert.rejects(readFiles(path), isRefusal(/holds data\.json, a link that leaves it/));
        await rm(join(path, "data.json"));
      }
      await symlink("one", join(path, "folder"));
      await assert.rejects(
        readFiles(path),
        isRefusal(/holds folder, which is a link to a folder or no regular/),
      );
      await rm(join(path, "folder"));
      await promisify(execFile)("mkfifo", [join(path, "pipe")]);
      await assert.rejects(
        readFiles(path),
        isRefusal(/holds pipe, which is a link to a folder or no regular/),
      );
      await rm(join(path, "pipe"));
      await writeFile(join(path, "Policy.wasm"), "x");
      await assert.rejects(readFiles(path), isRefusal(/one file where case does not count/));
    });
  });
});

describe("a file of Rego", () => {
  test("is a bundle of its own", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "p.rego");
      await writeFile(path, 'package p\n\nr := "1"\n');
      const log = new KeptLog();
      const engine = await start(path, log);
      assert.equal(await ask(engine), "1");
      const active = log.next(/is active/);
      await writeFile(path, 'package p\n\nr := "2"\n');
      await active;
      assert.equal(await ask(engine), "2");
      await engine.close();
    });
  });
});

test("refuses a file that is larger than it may be before it is read, whatever its form", async () => {
  await withFolder(async (folder) => {
    for (const name of ["p.rego", "bundle.tar.gz"]) {
      const path = join(folder, name);
      await writeFile(path, "");
      await truncate(path, ARCHIVE_BYTES_MAX + 1);
      await assert.rejects(readFiles(path), isRefusal(/is larger than \d+ bytes/));
    }
  });
});
