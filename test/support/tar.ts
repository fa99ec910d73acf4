import { gzipSync } from "node:zlib";

/** An entry of a tar archive. `type` as in the header: 0 file, 1 hard link, 2 symbolic link, 5 folder, x pax header. */
export type TarEntry = {
  readonly path: string;
  readonly content?: string | Buffer;
  readonly type?: string;
  readonly linkTo?: string;
};

const BLOCK = 512;

/** The bytes of a tar archive with these entries and its end marker. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryOf), Buffer.alloc(2 * BLOCK)]);
}

export function tarGzOf(entries: readonly TarEntry[]): Buffer {
  return gzipSync(tarOf(entries));
}

function entryOf({ path, content = "", type = "0", linkTo = "" }: TarEntry): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  header.write(path, 0, 100);
  header.write("0000644\0", 100);
  header.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write(" ".repeat(8), 148);
  header.write(type, 156);
  header.write(linkTo, 157, 100);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);
}

/** A pax extended header that gives the next entry this path. */
export function paxPath(path: string): TarEntry {
  const record = ` path=${path}\n`;
  let length = record.length;
  while (String(length).length + record.length !== length) length = String(length).length + record.length;
  return { path: "PaxHeader", type: "x", content: `${length}${record}` };
}
