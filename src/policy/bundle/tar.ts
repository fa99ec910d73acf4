import { BundleError } from "./error.ts";

/** Entries of one archive. A bundle of 1,000 rules with tests has about 3,000; more is a mistake or an attack. */
export const ENTRIES_MAX = 10_000;
/** Bytes of a path inside an archive. Longer ones do not occur in bundles. */
export const PATH_BYTES_MAX = 1_024;

const BLOCK = 512;
const SPACE = 0x20;

type Header = { readonly path: string; readonly size: number; readonly type: string };

/**
 * Reads a tar archive (POSIX ustar, with pax paths) into its regular files by path, without a leading slash.
 * Links, devices, paths that leave the archive, two entries of one path and an archive without its end are refused:
 * a bundle has no use for them.
 * @throws BundleError
 */
export function readTar(archive: Buffer): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  let paxPath: string | undefined;
  let offset = 0;
  for (let entries = 0; ; entries++) {
    if (entries > ENTRIES_MAX) throw new BundleError(`the archive has more than ${ENTRIES_MAX} entries`);
    const header = readHeader(archive, offset);
    if (header === undefined) return files;
    const start = offset + BLOCK;
    const end = start + header.size;
    if (end > archive.length) throw new BundleError(`the archive is cut off inside ${header.path}`);
    const content = archive.subarray(start, end);
    offset = start + Math.ceil(header.size / BLOCK) * BLOCK;

    if (header.type === "x") paxPath = readPaxPath(content);
    else if (header.type === "0" || header.type === "\0") {
      addFile(files, paxPath ?? header.path, content);
      paxPath = undefined;
    } else if (header.type === "5" || header.type === "g") paxPath = undefined;
    else throw new BundleError(`the archive holds ${header.path}, which is a link or no regular file`);
  }
}

function addFile(files: Map<string, Buffer>, rawPath: string, content: Buffer): void {
  const path = plainPath(rawPath);
  if (files.has(path)) throw new BundleError(`the archive holds ${path} twice`);
  files.set(path, content);
}

/** The path without a leading `/` or `./`. */
function plainPath(rawPath: string): string {
  const path = rawPath.replace(/^(?:\.?\/)+/, "");
  const parts = path.split("/");
  if (path === "" || path.includes("\\") || path.includes("\0") || parts.includes("..") || parts.includes(""))
    throw new BundleError(`the archive holds an illegal path: ${JSON.stringify(rawPath)}`);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new BundleError(`the archive holds a path of more than ${PATH_BYTES_MAX} bytes`);
  return path;
}

/** The header at an offset, or undefined for the zero block that ends an archive. */
function readHeader(archive: Buffer, offset: number): Header | undefined {
  const block = archive.subarray(offset, offset + BLOCK);
  if (block.length < BLOCK) throw new BundleError("the archive is cut off: its end marker is missing");
  if (block.every((byte) => byte === 0)) return undefined;
  if (readOctal(block, 148, 8) !== checksum(block))
    throw new BundleError("the archive is corrupt: a header checksum is wrong");
  const name = readText(block, 0, 100);
  const prefix = readText(block, 257, 5) === "ustar" ? readText(block, 345, 155) : "";
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    size: readOctal(block, 124, 12),
    type: String.fromCharCode(block[156] ?? 0),
  };
}

/** The sum of a header's bytes, its own checksum field counted as blanks. */
function checksum(block: Buffer): number {
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? SPACE : (block[i] ?? 0);
  return sum;
}

function readText(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? length : end);
}

function readOctal(block: Buffer, start: number, length: number): number {
  const text = readText(block, start, length).trim();
  if (!/^[0-7]+$/.test(text)) throw new BundleError("the archive is corrupt: a header holds no octal number");
  return Number.parseInt(text, 8);
}

/** The `path` of a pax extended header: records of `LENGTH KEY=VALUE\n`, the length counting the whole record. */
function readPaxPath(content: Buffer): string | undefined {
  let path: string | undefined;
  for (let offset = 0; offset < content.length; ) {
    const blank = content.indexOf(SPACE, offset);
    const length = Number(content.toString("latin1", offset, blank));
    if (
      blank === -1 ||
      !Number.isSafeInteger(length) ||
      length <= blank - offset ||
      offset + length > content.length
    )
      throw new BundleError("the archive is corrupt: an extended header cannot be read");
    const record = content.toString("utf8", blank + 1, offset + length - 1);
    if (record.startsWith("size=")) throw new BundleError("the archive holds an entry of 8 GiB or more");
    if (record.startsWith("path=")) path = record.slice("path=".length);
    offset += length;
  }
  return path;
}
