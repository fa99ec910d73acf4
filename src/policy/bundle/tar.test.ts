import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { paxPath, type TarEntry, tarOf } from "../../../test/support/tar.ts";
import { BundleError } from "./error.ts";
import { ENTRIES_MAX, PATH_BYTES_MAX } from "./file-tree.ts";
import { readTar } from "./tar.ts";

const refused = (archive: Buffer, message: RegExp) =>
  assert.throws(
    () => readTar(archive),
    (error) => error instanceof BundleError && message.test(error.message),
  );

describe("readTar", () => {
  test("reads files by path without a leading slash, and passes over folders", () => {
    const files = readTar(
      tarOf([
        { path: "/data.json", content: "{}" },
        { path: "folder/", type: "5" },
        { path: "./folder/policy.wasm", content: Buffer.alloc(1000, 7) },
        { path: "empty" },
      ]),
    );
    assert.deepEqual([...files.keys()], ["data.json", "folder/policy.wasm", "empty"]);
    assert.deepEqual(files.get("folder/policy.wasm"), Buffer.alloc(1000, 7));
    assert.equal(readTar(tarOf([])).size, 0);
  });

  test("reads paths of a pax header, which are for one entry only", () => {
    const long = `${"long/".repeat(60)}data.json`;
    const files = readTar(
      tarOf([paxPath(long), { path: "cut", content: "1" }, { path: "next", content: "2" }]),
    );
    assert.deepEqual([...files.keys()], [long, "next"]);
  });

  test("reads long paths as GNU tar writes them", () => {
    const long = `${"long/".repeat(60)}data.json`;
    const files = readTar(
      tarOf([
        { path: "././@LongLink", type: "L", content: `${long}\0` },
        { path: "cut", content: "1" },
        { path: "next", content: "2" },
      ]),
    );
    assert.deepEqual([...files.keys()], [long, "next"]);
  });

  test("refuses links and devices", () => {
    for (const type of ["1", "2", "3", "4", "6", "7", "K", "S"]) {
      refused(tarOf([{ path: "evil", type, linkTo: "/etc/passwd" }]), /link or no regular file/);
    }
  });

  test("refuses paths that leave the archive or read differently elsewhere", () => {
    for (const path of [
      "../x",
      "a/../../x",
      "a/..",
      "a//b",
      "",
      "/",
      "a\\b",
      "C:\\x",
      "..",
      "a/./b",
      "folder/",
    ])
      refused(tarOf([{ path, content: "x" }]), /illegal path/);
    refused(tarOf([paxPath("../../etc/cron.d/x"), { path: "x" }]), /illegal path/);
    refused(tarOf([paxPath("a\0b"), { path: "x" }]), /illegal path/);
  });

  test("refuses two entries of one path, however it is spelt", () => {
    refused(
      tarOf([
        { path: "/a", content: "1" },
        { path: "./a", content: "2" },
      ]),
      /holds a twice/,
    );
    refused(tarOf([{ path: "a/Data.json" }, { path: "a/data.json" }]), /one file where case does not count/);
  });

  test("refuses an archive that is cut off at any block", () => {
    const archive = tarOf([{ path: "a", content: "x".repeat(1200) }]);
    for (let length = 0; length < archive.length - 512; length += 256)
      refused(archive.subarray(0, length), /cut off/);
    assert.equal(readTar(archive.subarray(0, archive.length - 512)).size, 1);
  });

  test("refuses a header whose bytes were changed, at each byte", () => {
    const archive = tarOf([{ path: "a", content: "x" }]);
    for (const at of [0, 50, 100, 124, 130, 156, 257, 345, 511]) {
      const changed = Buffer.from(archive);
      changed[at] = (changed[at] ?? 0) ^ 0x11;
      refused(changed, /corrupt/);
    }
  });

  test("refuses pax headers that cannot be read and sizes that do not fit a header", () => {
    for (const content of ["path=x\n", "99 path=x\n", "0 path=x\n", "-5 a=b\n", "8 path"])
      refused(tarOf([{ path: "h", type: "x", content }, { path: "a" }]), /extended header/);
    refused(tarOf([{ path: "h", type: "x", content: "18 size=999999999\n" }, { path: "a" }]), /8 GiB/);
  });

  test("refuses more entries than the limit, and longer paths", () => {
    const many: TarEntry[] = Array.from({ length: ENTRIES_MAX + 1 }, (_, index) => ({ path: `f${index}` }));
    refused(tarOf(many), /more than 10000 entries/);
    assert.equal(readTar(tarOf(many.slice(1))).size, ENTRIES_MAX);
    refused(tarOf([paxPath("x".repeat(PATH_BYTES_MAX + 1)), { path: "a" }]), /more than 1024 bytes/);
    assert.equal(readTar(tarOf([paxPath("x".repeat(PATH_BYTES_MAX)), { path: "a" }])).size, 1);
  });
});
