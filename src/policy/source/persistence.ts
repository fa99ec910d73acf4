import { createHash } from "node:crypto";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject } from "../../exchange/json.ts";
import { ARCHIVE_BYTES_MAX } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import { faultOf } from "../fault.ts";
import { removeLeftovers, replaceFile } from "../replace-file.ts";

/** The last accepted archive of a bundle, and what its service called it. */
export type PersistedBundle = {
  readonly archive: Buffer;
  /** As the service sent it, for `If-None-Match`; absent when it sent none. */
  readonly etag?: string;
};

/** Where the last good version of a bundle is kept over a restart: one file for each bundle. */
export type BundlePersistence = {
  readonly file: string;
  /** Replaces the copy in one step; on the disk when it resolves. @throws BundleError that names the file */
  save(bundle: PersistedBundle): Promise<void>;
  /**
   * The copy; undefined when there is none. What is in it is to be verified and proved as if it had just come.
   * @throws BundleError when it is corrupt, too large, unreadable, or came from another location
   */
  load(): Promise<PersistedBundle | undefined>;
};

/** The first line of a copy: what it is and how to know that it is whole. */
type Header = {
  readonly regentBundle: 1;
  readonly location: string;
  readonly sha256: string;
  readonly etag?: string;
};

/** Bytes of the first line: a URL, a digest and an ETag, which the head of an HTTP answer bounds. */
export const HEADER_BYTES_MAX = 32 * 1024;

/**
 * The copy of one bundle below a folder that only this process's user may read: bundles may hold personal data.
 * @param location where the bundle comes from: a copy from elsewhere is not taken for it.
 */
export function bundlePersistence(folder: string, name: string, location: string): BundlePersistence {
  const fileName = `${encodeURIComponent(name)}.bundle`;
  const file = join(folder, fileName);
  const failed = (what: string, error: unknown) =>
    new BundleError(`the persisted copy ${file} ${what}: ${faultOf(error)}`, { cause: error });
  return {
    file,
    async save({ archive, etag }) {
      const header: Header = {
        regentBundle: 1,
        location,
        sha256: sha256(archive),
        ...(etag === undefined ? {} : { etag }),
      };
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await removeLeftovers(folder, fileName);
        await replaceFile(folder, fileName, [Buffer.from(`${JSON.stringify(header)}\n`), archive]);
      } catch (error) {
        throw failed("cannot be written", error);
      }
    },
    async load() {
      let content: Buffer | undefined;
      try {
        content = await readBounded(file);
      } catch (error) {
        throw failed("cannot be read", error);
      }
      return content === undefined ? undefined : parse(content, file, location);
    },
  };
}

function parse(content: Buffer, file: string, location: string): PersistedBundle {
  const end = content.subarray(0, HEADER_BYTES_MAX).indexOf("\n");
  const header = end < 0 ? undefined : parseHeader(content.toString("utf8", 0, end));
  const archive = content.subarray(end + 1);
  if (header === undefined || header.sha256 !== sha256(archive))
    throw new BundleError(`the persisted copy ${file} is corrupt: its digest does not match. Remove it`);
  if (header.location !== location)
    throw new BundleError(`the persisted copy ${file} came from ${header.location}, not from ${location}`);
  return header.etag === undefined ? { archive } : { archive, etag: header.etag };
}

function parseHeader(line: string): Header | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { regentBundle, location, sha256: digest, etag } = value;
  if (regentBundle !== 1 || typeof location !== "string" || typeof digest !== "string") return undefined;
  return { regentBundle, location, sha256: digest, ...(typeof etag === "string" ? { etag } : {}) };
}

async function readBounded(file: string): Promise<Buffer | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    handle = await open(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size > ARCHIVE_BYTES_MAX + HEADER_BYTES_MAX)
      throw new Error(`it is larger than ${ARCHIVE_BYTES_MAX} bytes`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
