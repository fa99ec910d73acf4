import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readData } from "./data.ts";
import { BundleError } from "./error.ts";
import { parseManifest } from "./manifest.ts";
import { ENTRIES_MAX, readTar } from "./tar.ts";

/** Compiled policies and data with a revision, as OPA defines it, read and checked for form. */
export type Bundle = {
  /** From the manifest; the digest when the manifest has none. */
  readonly revision: string;
  /** SHA-256 of what was read, hex. */
  readonly digest: string;
  readonly wasm: Buffer;
  /** The data document: JSON, an object. */
  readonly data: Buffer;
  /** Entrypoints that the manifest promises; empty when it names none. */
  readonly entrypoints: readonly string[];
};

/** A compressed bundle. 64 MiB is some 10 million rows of data; Wasm would need minutes for more. */
export const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;
/** An unpacked bundle, whatever its compression says: it is held in memory. */
export const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
/** How far an archive may expand. JSON reaches 20 to 60; zeros reach 1,030, which is what a bomb is made of. */
export const RATIO_MAX = 200;
/** Up to here the ratio does not matter: small bundles of very regular data are harmless. */
export const RATIO_FREE_BYTES = 16 * 1024 * 1024;

const gunzipAsync = promisify(gunzip);

/** Reads a bundle: a `tar.gz` file as `opa build -t wasm` writes it, or a folder with the same files. @throws BundleError */
export async function readBundle(path: string): Promise<Bundle> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return bundleFrom(await readFolder(path));
    if (found.size > ARCHIVE_BYTES_MAX)
      throw new BundleError(`${path} is larger than ${ARCHIVE_BYTES_MAX} bytes`);
    return await parseBundle(await readFile(path));
  } catch (error) {
    throw asBundleError(error, path);
  }
}

/** Parses a bundle archive. @throws BundleError */
export async function parseBundle(archive: Buffer): Promise<Bundle> {
  return bundleFrom(readTar(await unzip(archive)), sha256([archive]));
}

function bundleFrom(files: ReadonlyMap<string, Buffer>, digest = digestOf(files)): Bundle {
  const manifest = parseManifest(files.get(".manifest"));
  const wasm = files.get(manifest.module);
  if (wasm === undefined)
    throw new BundleError(
      `it holds no ${manifest.module}: build it with regent policy build or opa build -t wasm`,
    );
  return {
    revision: manifest.revision === "" ? digest : manifest.revision,
    digest,
    wasm,
    data: readData(files, manifest.roots),
    entrypoints: manifest.entrypoints,
  };
}

async function unzip(archive: Buffer): Promise<Buffer> {
  const allowed = Math.min(UNPACKED_BYTES_MAX, Math.max(RATIO_FREE_BYTES, archive.length * RATIO_MAX));
  try {
    return await gunzipAsync(archive, { maxOutputLength: allowed });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const fault = tooLarge
      ? `it unpacks to more than ${allowed} bytes`
      : `it is not a whole gzip file: ${String(error)}`;
    throw new BundleError(fault, { cause: error });
  }
}

async function readFolder(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  if (entries.length > ENTRIES_MAX)
    throw new BundleError(`the folder holds more than ${ENTRIES_MAX} entries`);
  const files = new Map<string, Buffer>();
  for (const entry of entries.filter((candidate) => candidate.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).split(sep).join("/"), await readFile(path));
  }
  return files;
}

function digestOf(files: ReadonlyMap<string, Buffer>): string {
  const paths = [...files.keys()].sort();
  return sha256(paths.flatMap((path) => [Buffer.from(`${path}\0`), files.get(path) ?? Buffer.alloc(0)]));
}

function sha256(parts: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function asBundleError(error: unknown, path: string): BundleError {
  if (error instanceof BundleError) return error;
  const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
  return new BundleError(missing ? `${path} does not exist` : `${path} cannot be read: ${String(error)}`, {
    cause: error,
  });
}
