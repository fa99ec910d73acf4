import { BundleError } from "./error.ts";

/** Entries of one bundle. A bundle of 1,000 rules with tests has about 3,000; more is a mistake or an attack. */
export const ENTRIES_MAX = 10_000;
/** Bytes of a path inside a bundle. Longer ones do not occur. */
export const PATH_BYTES_MAX = 1_024;

/**
 * Collects the files of a bundle by their plain paths. Paths that leave the bundle, that read differently on another
 * system, or that name one file twice (`./a` and `/a`, `Data.json` and `data.json`) are refused.
 */
export class FileTree {
  readonly files = new Map<string, Buffer>();
  /** Plain path by its form without case. */
  readonly #spellings = new Map<string, string>();

  /** @throws BundleError */
  add(rawPath: string, content: Buffer): void {
    const path = plainPath(rawPath);
    const spelling = path.normalize("NFC").toLowerCase();
    const other = this.#spellings.get(spelling);
    if (other === path) throw new BundleError(`it holds ${path} twice`);
    if (other !== undefined)
      throw new BundleError(`it holds ${other} and ${path}, which are one file where case does not count`);
    this.#spellings.set(spelling, path);
    this.files.set(path, content);
  }
}

/** The path without a leading `/` or `./`. */
function plainPath(rawPath: string): string {
  const path = rawPath.replace(/^(?:\.?\/)+/, "");
  const parts = path.split("/");
  const illegal = parts.some((part) => part === "" || part === "." || part === "..");
  if (illegal || path.includes("\\") || path.includes("\0"))
    throw new BundleError(`it holds an illegal path: ${JSON.stringify(rawPath)}`);
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new BundleError(`it holds a path of more than ${PATH_BYTES_MAX} bytes`);
  return path;
}
