import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, matchesGlob, normalize, resolve, sep } from "node:path";
import { OpaError } from "./opa.ts";

/** A file that goes into a bundle. */
export type Source = {
  /**
   * As it was reached from what the caller named; absolute where that is above the working folder: OPA puts paths into the
   * bundle as they are, and no reader takes one with `..` in it.
   */
  readonly path: string;
  readonly kind: "policy" | "data";
  /** Where a data file stands in the data document: the folders between the named folder and the file. */
  readonly place: readonly string[];
  readonly content: Buffer;
};

/** Tests do not belong into a bundle. */
export const DEFAULT_IGNORE: readonly string[] = ["*_test.rego"];

const DATA_FILES = new Set(["data.json", "data.yaml", "data.yml"]);

/**
 * Collects policies and data from folders and files, as OPA's bundles have it: every `.rego` file, and of other files
 * only `data.json`, `data.yaml` and `data.yml`, whose folder is their place in the data document. Hidden files and those
 * that a pattern of `ignore` matches (by name or by path below the folder) are left out, and so are repeats.
 * @throws OpaError
 */
export async function collectSources(
  paths: readonly string[],
  ignore: readonly string[] = DEFAULT_IGNORE,
): Promise<readonly Source[]> {
  const sources = new Map<string, Source>();
  for (const named of paths) {
    const path = normalize(named).split(sep)[0] === ".." ? resolve(named) : named;
    for (const { file, place } of await filesBelow(path, ignore)) {
      const identity = await realpath(file);
      if (sources.has(identity)) continue;
      const kind = file.endsWith(".rego") ? "policy" : "data";
      sources.set(identity, { path: file, kind, place, content: await readFile(file) });
    }
  }
  return [...sources.values()];
}

/** As {@link collectSources}, where there must be a policy. @throws OpaError */
export async function collectPolicies(
  paths: readonly string[],
  ignore?: readonly string[],
): Promise<readonly Source[]> {
  const sources = await collectSources(paths, ignore);
  if (!sources.some(({ kind }) => kind === "policy"))
    throw new OpaError(`there is no policy (.rego) in ${paths.join(", ")}`);
  return sources;
}

type Found = { readonly file: string; readonly place: readonly string[] };

async function filesBelow(path: string, ignore: readonly string[]): Promise<readonly Found[]> {
  const found = await stat(path).catch((error: Error) => {
    throw new OpaError(`${path} cannot be read: ${error.message}`, { cause: error });
  });
  if (!found.isDirectory()) return [{ file: path, place: [] }];
  const entries = await readdir(path, { recursive: true });
  const names = entries.filter((entry) => isSource(entry) && !isIgnored(entry, ignore)).sort();
  return names.map((name) => ({ file: join(path, name), place: name.split(sep).slice(0, -1) }));
}

function isSource(entry: string): boolean {
  const name = entry.split(sep).at(-1) ?? "";
  return name.endsWith(".rego") || DATA_FILES.has(name);
}

function isIgnored(entry: string, ignore: readonly string[]): boolean {
  const parts = entry.split(sep);
  if (parts.some((part) => part.startsWith("."))) return true;
  return ignore.some(
    (pattern) => parts.some((part) => matchesGlob(part, pattern)) || matchesGlob(parts.join("/"), pattern),
  );
}

/** The argument that hands a source to OPA: `path`, or `a.b:path` for data that stands at `data.a.b`. @throws OpaError */
export function opaArgument({ path, kind, place }: Source): string {
  const prefix = kind === "data" ? place : [];
  if (path.includes(":") || prefix.some((part) => part.includes(".")))
    throw new OpaError(
      `${path}: OPA cannot take a path with a colon, or data from a folder with a dot in its name`,
    );
  return prefix.length === 0 ? path : `${prefix.join(".")}:${path}`;
}
