import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { BundleFiles } from "../source/source.ts";
import { BundleError } from "./error.ts";
import { readTar } from "./tar.ts";

/** A compressed bundle. 64 MiB is some 10 million rows of data; Wasm would need minutes for more. */
export const ARCHIVE_BYTES_MAX = 64 * 1024 * 1024;
/** An unpacked bundle, whatever its compression says: it is held in memory. */
export const UNPACKED_BYTES_MAX = 512 * 1024 * 1024;
/** How far an archive may expand. JSON reaches 20 to 60; zeros reach 1,030, which is what a bomb is made of. */
export const RATIO_MAX = 200;
/** Up to here the ratio does not matter: small bundles of very regular data are harmless. */
export const RATIO_FREE_BYTES = 16 * 1024 * 1024;

const gunzipAsync = promisify(gunzip);

/**
 * Unpacks a bundle archive, `tar.gz` as OPA writes and reads it, within bounds: bytes packed and unpacked, ratio,
 * entries, paths. Nothing is written to disk and nothing in it is believed yet.
 * @throws BundleError that says what is wrong with the archive
 */
export async function unpackArchive(archive: Buffer): Promise<BundleFiles> {
  if (archive.length > ARCHIVE_BYTES_MAX)
    throw new BundleError(`the archive is larger than ${ARCHIVE_BYTES_MAX} bytes`);
  return {
    files: readTar(await unzip(archive)),
    digest: createHash("sha256").update(archive).digest("hex"),
    bytes: archive.length,
  };
}

async function unzip(archive: Buffer): Promise<Buffer> {
  if (isPlainTar(archive))
    throw new BundleError("it is a tar archive that is not compressed: OPA's bundles are tar.gz, gzip it");
  const allowed = Math.min(UNPACKED_BYTES_MAX, Math.max(RATIO_FREE_BYTES, archive.length * RATIO_MAX));
  try {
    return await gunzipAsync(archive, { maxOutputLength: allowed });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    const fault = tooLarge
      ? `it unpacks to more than ${allowed} bytes`
      : `it is not a whole gzip file: ${(error as Error).message}`;
    throw new BundleError(fault, { cause: error });
  }
}

const TAR_MAGIC_AT = 257;

function isPlainTar(archive: Buffer): boolean {
  return archive.toString("latin1", TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === "ustar";
}
