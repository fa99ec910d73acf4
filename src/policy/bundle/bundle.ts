import { readFiles } from "../source/read.ts";
import { unpackArchive } from "./archive.ts";
import { type BundleContent, readContent } from "./content.ts";
import { BundleError } from "./error.ts";

/** A bundle that `opa build -t wasm` wrote: one module, with its data. */
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

/** Reads one compiled bundle: a `tar.gz` file, or a folder with the same files. @throws BundleError */
export async function readBundle(path: string): Promise<Bundle> {
  return compiled(readContent(await readFiles(path)));
}

/** Parses the archive of one compiled bundle. @throws BundleError */
export async function parseBundle(archive: Buffer): Promise<Bundle> {
  return compiled(readContent(await unpackArchive(archive)));
}

function compiled({ revision, digest, data, wasm: [module, other] }: BundleContent): Bundle {
  if (module === undefined)
    throw new BundleError("it holds no policy.wasm: build it with regent policy build or opa build -t wasm");
  if (other !== undefined)
    throw new BundleError(`it holds two modules, ${module.path} and ${other.path}, where one is expected`);
  return { revision, digest, wasm: module.content, data, entrypoints: module.entrypoints };
}
