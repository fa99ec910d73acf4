import { BundleError } from "./error.ts";
import { ENTRIES_MAX, FileTree } from "./file-tree.ts";

const BLOCK = 512;
const SPACE = 0x20;

type Header = { readonly path: string; readonly size: number; readonly type: string };

/**
 * Reads a tar archive (POSIX ustar, with long paths of pax and GNU) into its regular files by path, without a leading
 * slash. Links, devices, paths that leave the archive, two entries of one path and an archive without its end are
 * refused: a bundle has no use for them.
 * @throws BundleError
 */
export function readTar(archive: Buffer): ReadonlyMap<string, Buffer> {
  const tree = new FileTree();
  /** What a header in front of an entry says about the path of that entry. */
  let longPath: string | undefined;
  let offset = 0;
  for (let entries = 0; ; entries++) {
    if (entries > ENTRIES_MAX) throw new BundleError(`the archive has more than ${ENTRIES_MAX} entries`);
    const header = readHeader(archive, offset);
    if (header === undefined) return tree.files;
    const start = offset + BLOCK;
    const end = start + header.size;
    if (end > archive.length) throw new BundleError(`the archive is cut off inside ${header.path}`);
    const content = archive.subarray(start, end);
    offset = start + Math.ceil(header.size / BLOCK) * BLOCK;

    if (header.type === "x") longPath = readPaxPath(content);
    else if (header.type === "L") longPath = readText(content, 0, content.length);
    else if (header.type === "0" || header.type === "\0") {
      tree.add(longPath ?? header.path, content);
      longPath = undefined;
    } else if (header.type === "5" || header.type === "g") longPath = undefined;
    else throw new BundleError(`the archive holds ${header.path}, which is a link or no regular file`);
  }
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
