import { gunzipSync, gzipSync } from "node:zlib";
import { OpaError } from "./opa.ts";

/** Unpacked bytes of what OPA writes. A plan of 1,000 rules has some 30 MB. */
export const BUILT_BYTES_MAX = 1024 * 1024 * 1024;

const BLOCK = 512;
const NAME = { at: 0, length: 100 };
const SIZE = { at: 124, length: 12 };
const CHECKSUM = { at: 148, length: 8 };

type Entry = { readonly name: string; readonly start: number; readonly size: number; readonly end: number };

/** The content of one file of an archive that OPA has just written. @throws OpaError when it is not there */
export function fileOf(archive: Buffer, path: string): Buffer {
  const tar = unpack(archive);
  const { start, size } = entryOf(tar, path);
  return tar.subarray(start + BLOCK, start + BLOCK + size);
}

/**
 * An archive with other content in one of its files, or with one file more at its end. Everything else stays byte for
 * byte, and the same bytes in give the same bytes out: no time, no name of a file or machine goes in.
 */
export function withFile(archive: Buffer, path: string, content: Buffer): Buffer {
  const tar = unpack(archive);
  const found = findEntry(tar, path);
  const start = found?.start ?? endOf(tar);
  const end = found?.end ?? start;
  const header = found === undefined ? newHeader(path) : Buffer.from(tar.subarray(start, start + BLOCK));
  header.write(`${content.length.toString(8).padStart(SIZE.length - 1, "0")}\0`, SIZE.at, "latin1");
  header.fill(" ", CHECKSUM.at, CHECKSUM.at + CHECKSUM.length);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, CHECKSUM.at, "latin1");
  const padding = Buffer.alloc(padded(content.length) - content.length);
  return gzipSync(Buffer.concat([tar.subarray(0, start), header, content, padding, tar.subarray(end)]));
}

function unpack(archive: Buffer): Buffer {
  return gunzipSync(archive, { maxOutputLength: BUILT_BYTES_MAX });
}

function entryOf(tar: Buffer, path: string): Entry {
  const entry = findEntry(tar, path);
  if (entry === undefined) throw new OpaError(`OPA built an archive without ${path}`);
  return entry;
}

function findEntry(tar: Buffer, path: string): Entry | undefined {
  return entriesOf(tar).find(({ name }) => name === path);
}

/** Where the blocks of zeros begin that end an archive. */
function endOf(tar: Buffer): number {
  return entriesOf(tar).at(-1)?.end ?? 0;
}

/** The header of a plain file, its size and checksum still to be filled in. POSIX.1-1988, "ustar". */
function newHeader(path: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(path, NAME.at, "latin1");
  header.write("0000644\0", 100, "latin1");
  header.write("0000000\0", 108, "latin1");
  header.write("0000000\0", 116, "latin1");
  header.write("00000000000\0", 136, "latin1");
  header.write("0", 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  return header;
}

function entriesOf(tar: Buffer): readonly Entry[] {
  const entries: Entry[] = [];
  for (let start = 0; start + BLOCK <= tar.length && tar[start] !== 0; ) {
    const size = Number.parseInt(text(tar, start, SIZE), 8);
    const name = text(tar, start, NAME).replace(/^\/+/, "");
    const end = start + BLOCK + padded(size);
    entries.push({ name, start, size, end });
    start = end;
  }
  return entries;
}

function text(tar: Buffer, start: number, { at, length }: { at: number; length: number }): string {
  const field = tar.toString("latin1", start + at, start + at + length);
  return field.replace(/\0.*$/s, "").trim();
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
