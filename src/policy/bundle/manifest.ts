import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { BundleError } from "./error.ts";
import { isWithin, overlap } from "./roots.ts";

/** Version of the Rego language that a file is written in: 0 before OPA 1.0, 1 since. */
export type RegoVersion = 0 | 1;

/** What `.manifest` says of a bundle. @see https://www.openpolicyagent.org/docs/management-bundles#bundle-file-format */
export type Manifest = {
  /** Empty when the bundle was built without one. */
  readonly revision: string;
  /** Paths of the data that the bundle owns; `""` is everything. */
  readonly roots: readonly string[];
  /** Which module of the bundle answers which entrypoint; paths without a slash in front. */
  readonly wasm: readonly { readonly entrypoint: string; readonly module: string }[];
  readonly regoVersion?: RegoVersion;
  /** Versions of single files, by a glob over their paths. */
  readonly fileRegoVersions: { readonly [pattern: string]: RegoVersion };
  /** Whatever the author of the bundle wanted to say; `metadata.regent` is Regent's own. */
  readonly metadata: JsonObject;
};

/** Roots of one bundle. Each is held against every other one: these take milliseconds, a million would take an hour. */
export const ROOTS_MAX = 1_000;

const NO_MANIFEST: Manifest = { revision: "", roots: [""], wasm: [], fileRegoVersions: {}, metadata: {} };

/** Finds and parses the manifest among the files of a bundle; one without has the manifest of an empty object. @throws BundleError */
export function readManifest(files: ReadonlyMap<string, Buffer>): Manifest {
  const paths = [...files.keys()].filter((path) => path === ".manifest" || path.endsWith("/.manifest"));
  const [path, other] = paths;
  if (other !== undefined) throw new BundleError(`it holds two manifests: ${path} and ${other}`);
  const binary = [...files.keys()].find((candidate) => candidate.endsWith(".manifest.pb"));
  if (binary !== undefined)
    throw new BundleError(
      `${binary} is a manifest in Protobuf, which Regent does not read: build it as JSON`,
    );
  const content = path === undefined ? undefined : files.get(path);
  return content === undefined ? NO_MANIFEST : parseManifest(content);
}

/** Parses `.manifest`. @throws BundleError */
export function parseManifest(content: Buffer): Manifest {
  const manifest = parseObject(content);
  const regoVersion = manifest.rego_version;
  const parsed: Manifest = {
    revision: manifest.revision === undefined ? "" : text(manifest.revision, "revision"),
    roots: (arrayOf(manifest, "roots") ?? [""]).map((root) => trimSlashes(text(root, "roots"))),
    wasm: (arrayOf(manifest, "wasm") ?? []).map(parseWasmEntry),
    ...(regoVersion === undefined ? {} : { regoVersion: regoVersionOf(regoVersion, "rego_version") }),
    fileRegoVersions: Object.fromEntries(
      Object.entries(objectOf(manifest, "file_rego_versions")).map(([file, version]) => [
        file,
        regoVersionOf(version, `file_rego_versions of ${file}`),
      ]),
    ),
    metadata: objectOf(manifest, "metadata"),
  };
  assertRoots(parsed);
  return parsed;
}

function parseObject(content: Buffer): JsonObject {
  let parsed: JsonValue;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content)) as JsonValue;
  } catch (error) {
    throw new BundleError(`.manifest is not JSON: ${String(error)}`, { cause: error });
  }
  if (!isJsonObject(parsed)) throw new BundleError(".manifest is not a JSON object");
  return parsed;
}

function parseWasmEntry(entry: JsonValue): Manifest["wasm"][number] {
  if (!isJsonObject(entry)) throw new BundleError(".manifest: wasm must be a list of objects");
  return {
    entrypoint: trimSlashes(text(entry.entrypoint, "wasm.entrypoint")),
    module: trimSlashes(text(entry.module, "wasm.module")),
  };
}

/** Roots must not contain each other, and entrypoints must lie inside them, each named once. */
function assertRoots({ roots, wasm }: Manifest): void {
  if (roots.length > ROOTS_MAX) throw new BundleError(`.manifest: it has more than ${ROOTS_MAX} roots`);
  for (const [index, root] of roots.entries()) {
    const other = roots.find((candidate, at) => at > index && overlap(candidate, root));
    if (other !== undefined) throw new BundleError(`.manifest: the roots "${root}" and "${other}" overlap`);
  }
  const seen = new Set<string>();
  for (const { entrypoint } of wasm) {
    if (!roots.some((root) => isWithin(entrypoint, root)))
      throw new BundleError(
        `.manifest: the entrypoint ${entrypoint} lies outside of the roots (${roots.join(", ")}); add a root for it, or leave its policy out`,
      );
    if (seen.has(entrypoint)) throw new BundleError(`.manifest: the entrypoint ${entrypoint} is there twice`);
    seen.add(entrypoint);
  }
}

function arrayOf(object: JsonObject, key: string): readonly JsonValue[] | undefined {
  const value = object[key];
  // OPA writes null for a list that its author left out.
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw new BundleError(`.manifest: ${key} must be a list`);
  return value as readonly JsonValue[];
}

function objectOf(object: JsonObject, key: string): JsonObject {
  const value = object[key] ?? {};
  if (!isJsonObject(value)) throw new BundleError(`.manifest: ${key} must be an object`);
  return value;
}

function regoVersionOf(value: JsonValue | undefined, key: string): RegoVersion {
  if (value !== 0 && value !== 1)
    throw new BundleError(`.manifest: ${key} must be 0 or 1, not ${JSON.stringify(value)}`);
  return value;
}

function text(value: JsonValue | undefined, key: string): string {
  if (typeof value !== "string") throw new BundleError(`.manifest: ${key} must be a string`);
  return value;
}

function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}
