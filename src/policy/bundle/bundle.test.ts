import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { compileBundle, withFolder, writeSources } from "../../../test/support/rego.ts";
import { type TarEntry, tarGzOf, tarOf } from "../../../test/support/tar.ts";
import { ARCHIVE_BYTES_MAX, RATIO_FREE_BYTES, RATIO_MAX } from "./archive.ts";
import { parseBundle, readBundle } from "./bundle.ts";
import { DATA_DEPTH_MAX } from "./data.ts";
import { BundleError } from "./error.ts";
import { ROOTS_MAX } from "./manifest.ts";
import { YAML_BYTES_MAX } from "./yaml.ts";

const WASM: TarEntry = { path: "policy.wasm", content: "wasm" };
const manifest = (value: unknown): TarEntry => ({ path: ".manifest", content: JSON.stringify(value) });
const data = (value: unknown, folder = ""): TarEntry => ({
  path: `${folder}data.json`,
  content: JSON.stringify(value),
});
const parse = (...entries: readonly TarEntry[]) => parseBundle(tarGzOf(entries));
const refused = (bundle: Promise<unknown>, message: RegExp) =>
  assert.rejects(bundle, (error) => error instanceof BundleError && message.test(error.message));

describe("parseBundle", () => {
  test("reads what opa build writes", async () => {
    const sources = { "p.rego": "package p\n\nr := data.a.b\n", "a/data.json": '{"b":1}' };
    const bundle = await parseBundle(await compileBundle(sources, ["p/r"], "r-7"));
    assert.equal(bundle.revision, "r-7");
    assert.deepEqual(bundle.entrypoints, ["p/r"]);
    assert.deepEqual(JSON.parse(bundle.data.toString()), { a: { b: 1 } });
    assert.equal(bundle.wasm.readUInt32BE(0), 0x0061736d);
  });

  test("names a bundle without a revision by its digest", async () => {
    const one = await parse(WASM, manifest({ revision: "" }));
    const two = await parse(WASM, manifest({ revision: "" }), data({}));
    assert.equal(one.revision, one.digest);
    assert.match(one.digest, /^[0-9a-f]{64}$/);
    assert.notEqual(one.digest, two.digest);
  });

  test("takes a bundle without a manifest, and data in YAML and in folders", async () => {
    const yaml = { path: "c/data.yaml", content: "list: [1, 2]\n" };
    const bundle = await parse(
      WASM,
      data({ a: { x: 1 } }),
      data({ y: 2 }, "a/"),
      data({ z: 3 }, "a/b/"),
      yaml,
    );
    assert.deepEqual(JSON.parse(bundle.data.toString()), {
      a: { x: 1, y: 2, b: { z: 3 } },
      c: { list: [1, 2] },
    });
    assert.deepEqual(bundle.entrypoints, []);
    assert.equal((await parse(WASM)).data.toString(), "{}");
  });

  test("keeps every digit of a number, also where documents are joined", async () => {
    const content = '{"n": 12345678901234567890.10}';
    const bundle = await parse(WASM, { path: "/data.json", content });
    assert.equal(bundle.data.toString(), content);
    const joined = await parse(
      WASM,
      {
        path: "data.json",
        content: '{"a": {"x\\"y": {"z":[{"}":"\\\\"}]}, "n" : 1.50}, "a": {"n" : 2.50}, "t":true}',
      },
      { path: "a/data.json", content: ' {"m" : 12345678901234567890 } ' },
    );
    assert.equal(joined.data.toString(), '{"a":{"n":2.50,"m":12345678901234567890},"t":true}');
  });

  test("keeps a key named __proto__ a key", async () => {
    const content = '{"__proto__":{"admin":true}}';
    const bundle = await parse(WASM, { path: "a/data.json", content }, data({ b: 1 }));
    assert.match(bundle.data.toString(), /"__proto__":\{"admin":true\}/);
    assert.equal((Object.prototype as { admin?: boolean }).admin, undefined);
  });

  test("refuses data that contradicts itself or is no object", async () => {
    await refused(
      parse(WASM, data({ a: { b: 1 } }), data({ b: 2 }, "a/")),
      /the data at a\/b is there twice: in data\.json and in a\/data\.json/,
    );
    await refused(parse(WASM, data([1])), /data\.json: the data at the root is not an object/);
    await refused(parse(WASM, { path: "data.json", content: "{" }), /data\.json cannot be read/);
    await refused(
      parse(WASM, { path: "data.json", content: Buffer.from([0x7b, 0xff, 0x7d]) }),
      /data\.json cannot be read/,
    );
    await refused(parse(WASM, { path: "data.yaml", content: "a: [1" }), /data\.yaml cannot be read/);
  });

  test("refuses data outside of the roots, and roots that overlap", async () => {
    const roots = manifest({ revision: "r", roots: ["acme", "globex/policies"] });
    assert.equal((await parse(WASM, roots, data({ acme: 1, globex: { policies: {} } }))).revision, "r");
    await refused(parse(WASM, roots, data({ other: 1 })), /the data at other lies outside/);
    await refused(
      parse(WASM, roots, data({ globex: { other: 1 } })),
      /the data at globex\/other lies outside/,
    );
    await refused(parse(WASM, roots, data({ globex: 1 })), /the data at globex lies outside/);
    await refused(parse(WASM, manifest({ roots: ["a", "a/b"] })), /the roots "a" and "a\/b" overlap/);
    await refused(parse(WASM, manifest({ roots: ["a", "a"] })), /overlap/);
    await refused(parse(WASM, manifest({ roots: ["", "a"] })), /overlap/);
  });

  test("refuses a manifest that makes no sense", async () => {
    const entry = (entrypoint: unknown, module: unknown = "/policy.wasm") => ({ entrypoint, module });
    await refused(parse(WASM, { path: ".manifest", content: "{" }), /\.manifest is not JSON/);
    await refused(parse(WASM, manifest([])), /\.manifest is not a JSON object/);
    await refused(parse(WASM, manifest({ revision: 7 })), /revision must be a string/);
    await refused(parse(WASM, manifest({ roots: "a" })), /roots must be a list/);
    const many = Array.from({ length: ROOTS_MAX + 1 }, (_, index) => `r${index}`);
    await parse(WASM, manifest({ roots: many.slice(1) }));
    await refused(parse(WASM, manifest({ roots: many })), /more than \d+ roots/);
    await refused(parse(WASM, manifest({ wasm: [1] })), /wasm must be a list of objects/);
    await refused(parse(WASM, manifest({ wasm: [entry(1)] })), /wasm\.entrypoint must be a string/);
    await refused(
      parse(WASM, manifest({ roots: ["a"], wasm: [entry("b/c")] })),
      /entrypoint b\/c lies outside/,
    );
    await refused(
      parse(WASM, manifest({ wasm: [entry("a"), entry("b", "/two.wasm")] })),
      /the entrypoint b is said to be in two\.wasm, which the bundle does not hold/,
    );
    await refused(
      parse(WASM, manifest({ wasm: [entry("a"), entry("a")] })),
      /the entrypoint a is there twice/,
    );
    await refused(parse(WASM, manifest({ rego_version: 2 })), /rego_version must be 0 or 1, not 2/);
    await refused(
      parse(WASM, manifest({ file_rego_versions: { "/a.rego": "1" } })),
      /file_rego_versions of \/a\.rego must be 0 or 1, not "1"/,
    );
    await refused(parse(WASM, manifest({ metadata: [] })), /metadata must be an object/);
    await refused(
      parse(WASM, manifest({}), { path: "a/.manifest", content: "{}" }),
      /two manifests: \.manifest and a\/\.manifest/,
    );
    await refused(parse(WASM, { path: ".manifest.pb", content: "x" }), /a manifest in Protobuf/);
  });

  test("refuses policies whose package lies outside of the roots, in whatever way it is written", async () => {
    const roots = manifest({ roots: ["acme/a-b"] });
    const rego = (content: string): TarEntry => ({ path: "x/p.rego", content });
    for (const good of ['package acme["a-b"]', '# METADATA\n\n#\npackage acme["a-b"].inner # so'])
      assert.equal((await parse(WASM, roots, rego(good))).wasm.toString(), "wasm");
    await refused(
      parse(WASM, roots, rego('# package acme["a-b"]\npackage other\n')),
      /x\/p\.rego: the package other lies outside of the roots in \.manifest \(acme\/a-b\)/,
    );
    await refused(parse(WASM, roots, rego("package acme")), /the package acme lies outside/);
    await refused(parse(WASM, rego("allow := true")), /x\/p\.rego does not begin with a package/);
  });

  test("refuses a delta bundle and says what to do", async () => {
    const patch = { path: "/patch.json", content: '{"data":[{"op":"remove","path":"/a"}]}' };
    await refused(parse(patch), /delta bundle \(patch\.json\).*snapshot/);
  });

  test("refuses data that is nested too deeply, at the limit", async () => {
    const nested = (depth: number): TarEntry => ({
      path: "a/data.json",
      content: "[".repeat(depth) + "]".repeat(depth),
    });
    assert.ok((await parse(WASM, nested(DATA_DEPTH_MAX))).data.length > DATA_DEPTH_MAX);
    await refused(parse(WASM, nested(DATA_DEPTH_MAX + 1)), /nests deeper than 500 levels/);
    await refused(parse(WASM, nested(1_000_000)), /nests deeper than 500 levels/);
  });

  test("reads YAML as OPA does", async () => {
    const content =
      "yes: on\nn: 0777\no: 0o17\nf: 1.50\nt: 2001-01-01\nx: 1:30\nz: ~\ns: 1_000\nm: {<<: {a: 1}, b: TRUE}\n";
    const bundle = await parse(WASM, { path: "data.yml", content });
    assert.deepEqual(JSON.parse(bundle.data.toString()), {
      yes: "on",
      n: 511,
      o: 15,
      f: 1.5,
      t: "2001-01-01",
      x: "1:30",
      z: null,
      s: 1000,
      m: { a: 1, b: true },
    });
    const bomb = `a: &a [x]\n${Array.from({ length: 9 }, (_, i) => {
      const [name, before] = [String.fromCharCode(98 + i), String.fromCharCode(97 + i)];
      return `${name}: &${name} [${`*${before},`.repeat(9)}]\n`;
    }).join("")}`;
    await refused(parse(WASM, { path: "data.yaml", content: bomb }), /data\.yaml cannot be read/);
    await refused(parse(WASM, { path: "data.yaml", content: "a: .inf" }), /JSON has no infinite numbers/);
  });

  test("refuses YAML that is larger than the limit, at the limit", async () => {
    const yaml = (bytes: number): TarEntry => ({
      path: "a/data.yaml",
      content: `b: 1 #${" ".repeat(bytes - 6)}`,
    });
    assert.equal((await parse(WASM, yaml(YAML_BYTES_MAX))).data.toString(), '{"a":{"b":1}}');
    await refused(parse(WASM, yaml(YAML_BYTES_MAX + 1)), /YAML of more than 1048576 bytes: write it as JSON/);
  });

  test("refuses a bundle without compiled policies and says what to do", async () => {
    await refused(parse(data({})), /holds no policy\.wasm: build it with regent policy build/);
  });

  test("refuses what is not a whole gzip file", async () => {
    const whole = tarGzOf([WASM, data({ a: "x".repeat(5000) })]);
    await refused(parseBundle(Buffer.from("<html>200 OK</html>")), /not a whole gzip file/);
    await refused(parseBundle(Buffer.alloc(0)), /not a whole gzip file/);
    await refused(parseBundle(tarOf([WASM])), /a tar archive that is not compressed.*gzip it/);
    for (const part of [0.1, 0.5, 0.9])
      await refused(parseBundle(whole.subarray(0, whole.length * part)), /not a whole gzip/);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 6] = (flipped[whole.length - 6] ?? 0) ^ 1;
    await refused(parseBundle(flipped), /not a whole gzip/);
    await refused(parseBundle(gzipSync(tarOf([WASM]).subarray(0, 700))), /cut off/);
  });

  test("refuses an archive that expands beyond the ratio, without unpacking it", async () => {
    const size = RATIO_FREE_BYTES + 1024 * 1024;
    const bomb = tarGzOf([WASM, { path: "zeros", content: Buffer.alloc(size) }]);
    assert.ok(bomb.length * RATIO_MAX < size);
    await refused(parseBundle(bomb), /unpacks to more than 16777216 bytes/);
    const small = tarGzOf([WASM, { path: "zeros", content: Buffer.alloc(RATIO_FREE_BYTES - 8192) }]);
    assert.equal((await parseBundle(small)).wasm.toString(), "wasm");
  });
});

describe("readBundle", () => {
  test("reads a folder with the files of a bundle, with a digest of its content", async () => {
    await withFolder(async (folder) => {
      await writeSources(folder, {
        "policy.wasm": "wasm",
        "a/data.json": '{"b":1}',
        ".manifest": '{"revision":"f"}',
      });
      const bundle = await readBundle(folder);
      assert.equal(bundle.revision, "f");
      assert.equal(bundle.data.toString(), '{"a":{"b":1}}');
      await writeSources(folder, { "a/data.json": '{"b":2}' });
      assert.notEqual((await readBundle(folder)).digest, bundle.digest);
    });
  });

  test("says that a file is missing, or larger than it may be", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "bundle.tar.gz");
      await refused(readBundle(path), /bundle\.tar\.gz does not exist/);
      await writeFile(path, Buffer.alloc(ARCHIVE_BYTES_MAX + 1));
      await refused(readBundle(path), /larger than/);
    });
  });
});
