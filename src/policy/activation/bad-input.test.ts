import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createSigningKey, opaBuild } from "../../../test/support/opa-sign.ts";
import { type FileEngine, KeptLog, ToldSource, withFileEngine } from "../../../test/support/policy-engine.ts";
import { compileBundle } from "../../../test/support/rego.ts";
import { paxPath, type TarEntry, tarGzOf, tarOf } from "../../../test/support/tar.ts";
import { ARCHIVE_BYTES_MAX, RATIO_FREE_BYTES, unpackArchive } from "../bundle/archive.ts";
import { DATA_DEPTH_MAX } from "../bundle/data.ts";
import { ENTRIES_MAX } from "../bundle/file-tree.ts";
import { createPolicyEngine } from "../engine.ts";

const REGO = 'package p\n\nr := {"policy": input.n, "data": data.rev}\n';
const build = (rev: string, rego = REGO) =>
  compileBundle({ "p.rego": rego, "data.json": JSON.stringify({ rev }) }, ["p/r"], rev);
const [one, two] = await Promise.all([build("one"), build("two")]);

/** The files of a good bundle, changed. */
async function changed(change: (files: Map<string, Buffer>) => void): Promise<Buffer> {
  const files = new Map((await unpackArchive(two)).files);
  change(files);
  return tarGzOf([...files].map(([path, content]) => ({ path, content })));
}

const withManifest = (manifest: object) =>
  changed((files) => files.set(".manifest", Buffer.from(JSON.stringify(manifest))));
const withEntries = async (...entries: readonly TarEntry[]) => {
  const files = [...(await unpackArchive(two)).files].map(([path, content]) => ({ path, content }));
  return tarGzOf([...files, ...entries]);
};
const resolver = (entrypoint: string, module = "/policy.wasm") => [{ entrypoint, module }];

/** A module of one import and nothing else. */
function importing(module: string, name: string): Buffer {
  const text = (value: string) => [value.length, ...Buffer.from(value)];
  const imports = [1, ...text(module), ...text(name), 0, 0];
  return Buffer.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[2, imports.length, ...imports],
  ]);
}

/** OPA's module says its ABI version in the last two globals. */
function withAbi(wasm: Buffer, major: number): Buffer {
  const at = wasm.indexOf(Buffer.from([0x7f, 0x00, 0x41, 0x01, 0x0b, 0x7f, 0x00, 0x41]));
  assert.notEqual(at, -1);
  const other = Buffer.from(wasm);
  other[at + 3] = major;
  return other;
}

const wasmOf = (files: Map<string, Buffer>) => files.get("policy.wasm") ?? Buffer.alloc(0);

const BAD: readonly (readonly [string, () => Buffer | Promise<Buffer>, RegExp])[] = [
  ["is no archive", () => Buffer.from("<html>200 OK</html>"), /not a whole gzip file/],
  ["is empty", () => Buffer.alloc(0), /not a whole gzip file/],
  ["is cut off", () => two.subarray(0, two.length / 2), /not a whole gzip file/],
  ["is corrupt", () => Buffer.from(two).fill(0x55, 2_000, 2_064), /not a whole gzip file/],
  ["is a cut off tar in a whole gzip", () => gzipSync(tarOf([{ path: "a" }]).subarray(0, 300)), /cut off/],
  ["is a tar that is not compressed", () => tarOf([{ path: "data.json", content: "{}" }]), /gzip it/],
  ["is larger than a bundle may be", () => Buffer.alloc(ARCHIVE_BYTES_MAX + 1), /larger than 67108864 bytes/],
  [
    "expands without end",
    () => gzipSync(Buffer.alloc(RATIO_FREE_BYTES + 4096)),
    /unpacks to more than 16777216 bytes/,
  ],
  [
    "has too many entries",
    () => tarGzOf(Array.from({ length: ENTRIES_MAX + 1 }, (_, index) => ({ path: `f${index}` }))),
    /more than 10000 entries/,
  ],
  [
    "holds data that is nested without end",
    () =>
      withEntries({
        path: "deep/data.json",
        content: "[".repeat(DATA_DEPTH_MAX + 1) + "]".repeat(DATA_DEPTH_MAX + 1),
      }),
    /deep\/data\.json cannot be read: .*deeper than 500 levels/,
  ],
  [
    "leaves the archive by ..",
    () => withEntries({ path: "../../etc/passwd", content: "x" }),
    /illegal path: "\.\.\/\.\./,
  ],
  ["leaves it inside a path", () => withEntries({ path: "a/../../b", content: "x" }), /illegal path/],
  ["leaves it by a long path", () => withEntries(paxPath("../x"), { path: "x" }), /illegal path/],
  ["has a path with backslashes", () => withEntries({ path: "a\\..\\b", content: "x" }), /illegal path/],
  [
    "holds a symbolic link",
    () => withEntries({ path: "l", type: "2", linkTo: "/etc" }),
    /a link or no regular file/,
  ],
  [
    "holds a hard link",
    () => withEntries({ path: "l", type: "1", linkTo: "x" }),
    /a link or no regular file/,
  ],
  ["holds a device", () => withEntries({ path: "d", type: "3" }), /a link or no regular file/],
  ["holds a file twice", () => withEntries({ path: "./data.json", content: "{}" }), /holds data\.json twice/],
  [
    "holds a file twice by its case",
    () => withEntries({ path: "Data.json", content: "{}" }),
    /data\.json and Data\.json, which are one file where case does not count/,
  ],
  [
    "has a manifest that is no JSON",
    () => changed((files) => files.set(".manifest", Buffer.from("{"))),
    /\.manifest is not JSON/,
  ],
  [
    "has roots that overlap",
    () => withManifest({ roots: ["p", "rev", "p/q"] }),
    /the roots "p" and "p\/q" overlap/,
  ],
  [
    "has roots that leave data out",
    () => withManifest({ roots: ["p"] }),
    /data\.json: the data at rev lies outside/,
  ],
  [
    "has roots that leave its policy out",
    () => withManifest({ roots: ["q", "rev"] }),
    /p\.rego: the package p lies outside of the roots/,
  ],
  [
    "has a module with an entrypoint outside of its roots",
    () =>
      changed((files) => {
        files.set(".manifest", Buffer.from('{"roots":["q","rev"]}'));
        for (const path of files.keys()) if (path.endsWith(".rego")) files.delete(path);
      }),
    /the entrypoint p\/r, which lies outside of the roots/,
  ],
  [
    "names a module that it does not hold",
    () => withManifest({ wasm: resolver("p/r", "/other/policy.wasm") }),
    /the entrypoint p\/r is said to be in other\/policy\.wasm, which the bundle does not hold/,
  ],
  [
    "promises an entrypoint that its module does not have",
    () => withManifest({ wasm: [...resolver("p/r"), ...resolver("p/x")] }),
    /it has no entrypoint p\/x; it has p\/r/,
  ],
  ["has a manifest of wrong types", () => withManifest({ revision: 1 }), /revision must be a string/],
  [
    "has Regent's facts about another module",
    () => withManifest({ metadata: { regent: { wasm: "00", reads: {} } } }),
    /metadata\.regent\.wasm is not the digest of the module/,
  ],
  [
    "has a module with imports that are not OPA's",
    () => withoutFacts((files) => files.set("policy.wasm", importing("wasi_snapshot_preview1", "fd_write"))),
    /imports wasi_snapshot_preview1\.fd_write \(function\), which is not part of OPA's ABI/,
  ],
  [
    "has a module of another ABI",
    () => withoutFacts((files) => files.set("policy.wasm", withAbi(wasmOf(files), 7))),
    /speaks ABI 7\./,
  ],
  [
    "has a module that is none",
    () => withoutFacts((files) => files.set("policy.wasm", Buffer.from("wasm"))),
    /the Wasm module cannot be compiled/,
  ],
  [
    "has neither module nor Rego",
    () => tarGzOf([{ path: "data.json", content: "{}" }]),
    /holds no policy\.wasm and no Rego/,
  ],
  [
    "has not the entrypoint",
    () => compileBundle({ "q.rego": "package q\n\nr := 1\n" }, ["q/r"]),
    /no entrypoint p\/r; it has q\/r\. Build it with --entrypoint, or take what asks for it out of the configuration/,
  ],
  ["is a delta bundle", () => tarGzOf([{ path: "patch.json", content: '{"data":[]}' }]), /a delta bundle/],
  [
    "is signed and no key is configured",
    () => opaBuild({ "p.rego": REGO }, { entrypoints: ["p/r"], key: createSigningKey("HS256") }),
    /it is signed and no key is configured/,
  ],
  [
    "never ends",
    () =>
      build(
        "x",
        "package p\n\nr := count([1 | some i in numbers.range(1, 50000); some j in numbers.range(1, 50000); i * j == -1])\n",
      ),
    // Its memory ends before its time does, or the other way round.
    /p\/r fails on an empty input: (?:policy_timeout|opa_malloc: failed)/,
  ],
  [
    "fails on an empty input",
    () => build("x", 'package p\n\nr := x if some x in ["a", data.rev]\n'),
    /p\/r fails on an empty input: .*conflict/,
  ],
];

/** A good bundle whose facts of Regent's, which name its module, are gone. */
async function withoutFacts(change: (files: Map<string, Buffer>) => void): Promise<Buffer> {
  return changed((files) => {
    files.delete(".manifest");
    change(files);
  });
}

async function revisionOf({ engine }: Pick<FileEngine, "engine">): Promise<string> {
  const { result, revision } = await engine.for("").evaluate("p/r", { n: 1 });
  assert.deepEqual(result, { policy: 1, data: revision }, "policy and data are of one revision");
  return revision;
}

describe("a bundle that", () => {
  for (const [what, make, fault] of BAD) {
    test(`${what} is refused by name, the last good one decides, and a good one is taken up`, async () => {
      const bad = await make();
      await withFileEngine({ main: one }, { entrypoints: ["p/r"] }, async (files) => {
        const { engine, log, put, pathOf } = files;
        await put("main", bad);
        const line = log.lines.at(-1);
        assert.equal(line?.level, "error");
        assert.match(line?.message ?? "", fault);
        const [status] = engine.status();
        assert.ok(
          status?.lastError?.message.startsWith(
            `the policy bundle main (${pathOf("main")}) cannot be used: `,
          ),
        );
        assert.equal(line?.message.split(status?.lastError?.message ?? "").length, 2, "says it once");
        assert.equal(line?.fields.err, undefined, "and not again as an error beside it");
        assert.equal(await revisionOf(files), "one");

        await put("main", two);
        assert.equal(await revisionOf(files), "two");
        assert.equal(engine.status()[0]?.lastError, undefined);
        assert.equal(engine.status()[0]?.failures, 1);
      });
    });
  }

  test("is signed wrongly is refused, whatever is wrong with it", async () => {
    const key = createSigningKey("HS256");
    const signed = (options: Parameters<typeof opaBuild>[1], rev: string) =>
      opaBuild(
        { "p.rego": REGO, "data.json": JSON.stringify({ rev }) },
        { entrypoints: ["p/r"], revision: rev, key, ...options },
      );
    const source = new ToldSource(await signed({}, "one"));
    const engine = await createPolicyEngine({
      bundles: [
        {
          name: "main",
          source,
          verification: { keys: new Map([["default", { algorithm: "HS256", key: key.verify }]]) },
        },
      ],
      entrypoints: ["p/r"],
      log: new KeptLog(),
    });
    const bad: readonly (readonly [Buffer, RegExp])[] = [
      [two, /holds no \.signatures\.json/],
      [await signed({ key: createSigningKey("HS256") }, "two"), /does not match the key default/],
      [await signed({ keyId: "other" }, "two"), /by the key "other", which is not configured/],
      [await signed({ claims: { keyid: "default", exp: 1 } }, "two"), /has expired at 1970-01-01/],
      [await signed({ claims: { keyid: "default", scope: "x" } }, "two"), /for the scope "x"/],
    ];
    for (const [archive, fault] of bad) {
      const verdict = await source.offer(archive);
      assert.ok(!verdict.accepted);
      assert.match(
        verdict.error.message,
        /^the policy bundle main \(https:\/\/bundles\.test\/main\.tar\.gz\) cannot be used: /,
      );
      assert.match(verdict.error.message, fault);
      assert.equal(await revisionOf({ engine }), "one");
    }
    assert.deepEqual(await source.offer(await signed({}, "two")), { accepted: true });
    assert.equal(await revisionOf({ engine }), "two");
    await engine.close();
  });

  test("holds data with __proto__ keeps it a key", async () => {
    const rego = 'package p\n\nr := {"policy": input.n, "data": data.rev, "admin": data.__proto__.admin}\n';
    const data = '{"rev": "proto", "__proto__": {"admin": true}}';
    const archive = await opaBuild(
      { "p.rego": rego, "data.json": data },
      { entrypoints: ["p/r"], revision: "proto" },
    );
    await withFileEngine({ main: one }, { entrypoints: ["p/r"] }, async ({ engine, put }) => {
      await put("main", archive);
      const { result } = await engine.for("").evaluate("p/r", { n: 1 });
      assert.deepEqual(result, { policy: 1, data: "proto", admin: true });
      assert.equal((Object.prototype as { admin?: boolean }).admin, undefined);
    });
  });

  test("is gone is told, and deciding goes on until it is there again", async () => {
    await withFileEngine({ main: one }, { entrypoints: ["p/r"] }, async (files) => {
      const { engine, pathOf, put } = files;
      await rm(pathOf("main"));
      await engine.reload();
      assert.match(engine.status()[0]?.lastError?.message ?? "", /does not exist/);
      assert.equal(await revisionOf(files), "one");
      await put("main", two);
      assert.equal(await revisionOf(files), "two");
    });
  });
});
