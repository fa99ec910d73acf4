import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { BundleError } from "./error.ts";

/** What `.manifest` says of a bundle. @see https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format */
export type Manifest = {
  /** Empty when the bundle was built without one. */
  readonly revision: string;
  /** Paths of the data that the bundle owns; `""` is everything. */
  readonly roots: readonly string[];
  readonly entrypoints: readonly string[];
  /** Path of the Wasm module in the archive. */
  readonly module: string;
};

const DEFAULT_MODULE = "policy.wasm";

/** Parses `.manifest`; undefined gives the manifest of a bundle that has none. @throws BundleError */
export function parseManifest(content: Buffer | undefined): Manifest {
  if (content === undefined) return { revision: "", roots: [""], entrypoints: [], module: DEFAULT_MODULE };
  const manifest = parseObject(content);
  const wasm = (arrayOf(manifest, "wasm") ?? []).map(parseWasmEntry);
  const modules = new Set(wasm.map(({ module }) => module));
  if (modules.size > 1)
    throw new BundleError(`.manifest names several Wasm modules: ${[...modules].join(", ")}`);
  const parsed = {
    revision: manifest.revision === undefined ? "" : text(manifest.revision, "revision"),
    roots: (arrayOf(manifest, "roots") ?? [""]).map((root) => trimSlashes(text(root, "roots"))),
    entrypoints: wasm.map(({ entrypoint }) => entrypoint),
    module: [...modules][0] ?? DEFAULT_MODULE,
  };
  assertRoots(parsed);
  return parsed;
}

function parseObject(content: Buffer): JsonObject {
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(content.toString("utf8")) as JsonValue;
  } catch (error) {
    throw new BundleError(`.manifest is not JSON: ${String(error)}`, { cause: error });
  }
  if (!isJsonObject(parsed)) throw new BundleError(".manifest is not a JSON object");
  return parsed;
}

function parseWasmEntry(entry: JsonValue): { entrypoint: string; module: string } {
  if (!isJsonObject(entry)) throw new BundleError(".manifest: wasm must be a list of objects");
  return {
    entrypoint: trimSlashes(text(entry.entrypoint, "wasm.entrypoint")),
    module: trimSlashes(text(entry.module, "wasm.module")),
  };
}

/** Roots must not contain each other, and entrypoints must lie inside them. */
function assertRoots({ roots, entrypoints }: Manifest): void {
  for (const [index, root] of roots.entries()) {
    const other = roots.find((candidate, at) => at !== index && isWithin(candidate, root));
    if (other !== undefined) throw new BundleError(`.manifest: the roots "${root}" and "${other}" overlap`);
  }
  for (const entrypoint of entrypoints) {
    if (!roots.some((root) => isWithin(entrypoint, root)))
      throw new BundleError(`.manifest: the entrypoint ${entrypoint} lies outside of the roots`);
  }
}

/** Whether a data path is the root or lies below it. */
export function isWithin(path: string, root: string): boolean {
  return root === "" || path === root || path.startsWith(`${root}/`);
}

function arrayOf(object: JsonObject, key: string): readonly JsonValue[] | undefined {
  const value = object[key];
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new BundleError(`.manifest: ${key} must be a list`);
  return value as readonly JsonValue[];
}

function text(value: JsonValue | undefined, key: string): string {
  if (typeof value !== "string") throw new BundleError(`.manifest: ${key} must be a string`);
  return value;
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}
