import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { createSigningKey, opaBuild } from "../../test/support/opa-sign.ts";
import { compileBundle, type Sources, withFolder, writeSources } from "../../test/support/rego.ts";
import { type CommandResult, runCommand } from "../../test/support/run-command.ts";
import { tarGzOf } from "../../test/support/tar.ts";
import { packageFile } from "../document/package-root.ts";
import { evalCommand } from "./eval.ts";

const SOURCES: Sources = {
  "p.rego":
    'package p\n\nsum := input.a + data.b\n\nnone := input.none\n\nset := {"b", "a"}\n\nconflict := x if some x in [1, 2]\n',
  "data.json": '{"b":12345678901234567890}',
};
const evaluate = (...args: readonly string[]): Promise<CommandResult> => runCommand(evalCommand(), args);

async function withSources(work: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    await writeSources(folder, { ...SOURCES, "input.json": '{"a": 1}' });
    await work(folder);
  });
}

describe("regent eval", () => {
  test("evaluates a folder of policies, a .rego file and a bundle alike", async () => {
    await withSources(async (folder) => {
      const bundle = join(folder, "b.tar.gz");
      await writeFile(bundle, await compileBundle(SOURCES, ["p/sum", "p/set"]));
      const unpacked = join(folder, "unpacked");
      await writeSources(unpacked, {});
      for (const path of [folder, join(folder, "p.rego"), bundle]) {
        const { status, stdout } = await evaluate(
          "--bundle",
          path,
          "--entrypoint",
          "p/set",
          "--format",
          "json",
        );
        assert.equal(status, 0);
        const { result, metrics } = JSON.parse(stdout) as {
          result: unknown;
          metrics: { [name: string]: number };
        };
        assert.deepEqual(result, ["a", "b"]);
        assert.deepEqual(Object.keys(metrics), ["timer_bundle_load_ns", "timer_eval_ns"]);
      }
    });
  });

  test("reads an unpacked bundle", async () => {
    await withSources(async (folder) => {
      const bundle = join(folder, "b.tar.gz");
      await writeFile(bundle, await compileBundle(SOURCES, ["p/sum"]));
      const unpacked = join(folder, "unpacked");
      await writeSources(unpacked, { "note.txt": "" });
      assert.equal(spawnSync("tar", ["-xzf", bundle, "-C", unpacked], { encoding: "utf8" }).status, 0);
      const { stdout } = await evaluate(
        "--bundle",
        unpacked,
        "--entrypoint",
        "p/sum",
        "--input",
        join(folder, "input.json"),
      );
      assert.match(stdout, /"result": 12345678901234567891,\n/);
    });
  });

  test("prints every digit of a number, and indents by default", async () => {
    await withSources(async (folder) => {
      const { stdout } = await evaluate("-b", folder, "-e", "p/sum", "-i", join(folder, "input.json"));
      assert.match(
        stdout,
        /^\{\n {2}"result": 12345678901234567891,\n {2}"metrics": \{\n {4}"timer_bundle_load_ns": \d+,\n {4}"timer_eval_ns": \d+\n {2}\}\n\}\n$/,
      );
      const json = await evaluate(
        "-b",
        folder,
        "-e",
        "p/sum",
        "-i",
        join(folder, "input.json"),
        "--format",
        "json",
      );
      assert.match(json.stdout, /^\{"result":12345678901234567891,"metrics":\{.*\}\}\n$/);
    });
  });

  test("has no result for what is undefined, and ends with 0", async () => {
    await withSources(async (folder) => {
      const { status, stdout } = await evaluate("-b", folder, "-e", "p/none", "--format", "json");
      assert.equal(status, 0);
      assert.deepEqual(Object.keys(JSON.parse(stdout)), ["metrics"]);
    });
  });

  test("reads bundles of every form that a server takes: Rego, signed, with a manifest in a folder", async () => {
    await withFolder(async (folder) => {
      const archive = async (name: string, content: Buffer) => {
        await writeFile(join(folder, name), content);
        return join(folder, name);
      };
      const rego = 'package p\n\nset := {"b", "a"}\n';
      const manifest = { path: ".manifest", content: '{"roots":["p"],"rego_version":1,"revision":"r9"}' };
      const key = createSigningKey("HS256");
      const unpacked = join(folder, "unpacked");
      await writeSources(unpacked, { ".manifest": manifest.content, "p.rego": rego });
      const paths = [
        await archive("rego.tar.gz", tarGzOf([manifest, { path: "p.rego", content: rego }])),
        await archive("signed.tar.gz", await opaBuild({ "p.rego": rego }, { entrypoints: ["p/set"], key })),
        unpacked,
      ];
      for (const path of paths) {
        const { status, stdout, failure } = await evaluate("-b", path, "-e", "p/set", "--format", "json");
        assert.deepEqual([status, failure], [0, undefined], path);
        assert.deepEqual(JSON.parse(stdout).result, ["a", "b"]);
      }
    });
  });

  test("names the bundle, its revision and its entrypoints when it has not the one that is asked for", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "b.tar.gz");
      await writeFile(path, await compileBundle(SOURCES, ["p/sum", "p/set"], "r-7"));
      const { status, failure } = await evaluate("-b", path, "-e", "nope");
      assert.equal(status, 3);
      assert.equal(failure, `the bundle ${path} (revision r-7) has no entrypoint nope; it has p/set, p/sum`);
    });
  });

  test("takes its input from stdin", async () => {
    await withSources(async (folder) => {
      const args = [
        packageFile("src", "main.ts"),
        "eval",
        "-b",
        folder,
        "-e",
        "p/sum",
        "-i",
        "-",
        "--format",
        "json",
      ];
      const { stdout } = spawnSync(process.execPath, args, { input: '{"a":2}', encoding: "utf8" });
      assert.match(stdout, /"result":12345678901234567892,/);
    });
  });

  test("ends with 3 when the evaluation fails, and says how", async () => {
    await withSources(async (folder) => {
      const { status, stdout, failure } = await evaluate("-b", folder, "-e", "p/conflict");
      assert.equal(status, 3);
      assert.equal(stdout, "");
      assert.match(failure ?? "", /^policy_trap: .*p\.rego:\d+:\d+: .*conflict/);
    });
  });

  test("ends with 3 for what cannot be loaded, and leaves no folder behind", async (t) => {
    await withSources(async (folder) => {
      const { TMPDIR } = process.env;
      process.env.TMPDIR = folder;
      t.after(() => {
        if (TMPDIR === undefined) delete process.env.TMPDIR;
        else process.env.TMPDIR = TMPDIR;
      });
      const before = readdirSync(folder);
      const missing = await evaluate("-b", join(folder, "missing"), "-e", "p/sum");
      assert.deepEqual([missing.status, /does not exist/.test(missing.failure ?? "")], [3, true]);
      const noEntrypoint = await evaluate("-b", folder, "-e", "p/other");
      assert.deepEqual([noEntrypoint.status, /p\/other/.test(noEntrypoint.failure ?? "")], [3, true]);
      assert.equal((await evaluate("-b", folder, "-e", "p/set")).status, 0);
      assert.deepEqual(readdirSync(folder), before);
    });
  });

  test("ends with 1 when the input cannot be read or is no JSON", async () => {
    await withSources(async (folder) => {
      const missing = await evaluate("-b", folder, "-e", "p/sum", "-i", join(folder, "missing"));
      assert.deepEqual([missing.status, /input cannot be read/.test(missing.failure ?? "")], [1, true]);
      const broken = await evaluate("-b", folder, "-e", "p/sum", "-i", join(folder, "p.rego"));
      assert.deepEqual([broken.status, /input is not JSON/.test(broken.failure ?? "")], [1, true]);
    });
  });
});
