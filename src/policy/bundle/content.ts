import type { BundleFiles } from "../source/source.ts";
import { readData } from "./data.ts";
import { BundleError } from "./error.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import { packageOf, type RegoFile } from "./rego.ts";
import { isWithin } from "./roots.ts";

/** A compiled module in a bundle. */
export type WasmFile = {
  /** Path inside the bundle. */
  readonly path: string;
  readonly content: Buffer;
  /** Entrypoints that the manifest promises of it; empty when there is no manifest to promise any. */
  readonly entrypoints: readonly string[];
};

/** What is in one version of a bundle, checked for form and against its own manifest. */
export type BundleContent = {
  /** From the manifest; the digest when the manifest has none. */
  readonly revision: string;
  /** SHA-256 of what was read, hex. */
  readonly digest: string;
  /** Bytes as they were read. */
  readonly bytes: number;
  readonly manifest: Manifest;
  readonly roots: readonly string[];
  /** The bundle's part of the data document: JSON in UTF-8, an object. */
  readonly data: Buffer;
  readonly wasm: readonly WasmFile[];
  /** Sources. Where there is `wasm` they are what it was built from, and nobody reads them. */
  readonly rego: readonly RegoFile[];
};

/**
 * Takes a bundle apart. Its signature is somebody else's to verify, before.
 * @throws BundleError that says what is wrong, and where
 */
export function readContent({ files, digest, bytes }: BundleFiles): BundleContent {
  refuseDelta(files);
  const manifest = readManifest(files);
  const { roots } = manifest;
  const rego = [...files]
    .filter(([path]) => path.endsWith(".rego"))
    .map(([path, content]) => ({ path, content }));
  for (const file of rego) assertPackageWithin(file, roots);
  return {
    revision: manifest.revision === "" ? digest : manifest.revision,
    digest,
    bytes,
    manifest,
    roots,
    data: readData(files, roots),
    wasm: readWasm(files, manifest),
    rego,
  };
}

function refuseDelta(files: ReadonlyMap<string, Buffer>): void {
  const patch = [...files.keys()].find((path) => path === "patch.json" || path.endsWith("/patch.json"));
  if (patch !== undefined)
    throw new BundleError(
      `it is a delta bundle (${patch}), which Regent does not take: have the server send snapshot bundles`,
    );
}

function assertPackageWithin({ path, content }: RegoFile, roots: readonly string[]): void {
  const name = packageOf(content.toString("utf8"));
  if (name === undefined) throw new BundleError(`${path} does not begin with a package`);
  if (!roots.some((root) => isWithin(name, root)))
    throw new BundleError(
      `${path}: the package ${name.replaceAll("/", ".")} lies outside of the roots in .manifest (${roots.join(", ")})`,
    );
}

/** OPA takes a module of any folder, as long as it has this name. */
const MODULE_NAME = "policy.wasm";

function readWasm(files: ReadonlyMap<string, Buffer>, { wasm }: Manifest): readonly WasmFile[] {
  const modules = [...files].filter(([path]) => path === MODULE_NAME || path.endsWith(`/${MODULE_NAME}`));
  const paths = new Set(modules.map(([path]) => path));
  const missing = wasm.find(({ module }) => !paths.has(module));
  if (missing !== undefined)
    throw new BundleError(
      `.manifest: the entrypoint ${missing.entrypoint} is said to be in ${missing.module}, which the bundle does not hold`,
    );
  return modules.map(([path, content]) => ({
    path,
    content,
    entrypoints: wasm.filter(({ module }) => module === path).map(({ entrypoint }) => entrypoint),
  }));
}
