import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, matchesGlob, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isJsonObject, type JsonValue } from "../exchange/json.ts";
import { UNPACKED_BYTES_MAX } from "../policy/bundle/archive.ts";
import { jsonText } from "../policy/bundle/data.ts";
import { type Document, mergeDocuments } from "../policy/bundle/document.ts";
import { BundleError } from "../policy/bundle/error.ts";
import { ENTRIES_MAX } from "../policy/bundle/file-tree.ts";
import { packageOf } from "../policy/bundle/rego.ts";
import { isWithin } from "../policy/bundle/roots.ts";
import type { BundleFiles, BundleSink, BundleSource } from "../policy/source/source.ts";
import { type FileWatch, watchFile } from "../policy/source/watch.ts";

/** A path of the command line: `[a.b:]PATH`, also as `file://` URL. */
export type LoadedPath = {
  /** As it was written. */
  readonly written: string;
  readonly path: string;
  /** Where its data goes; empty: the root. */
  readonly place: readonly string[];
};

/** Reads one argument as OPA does. */
export function parsePath(written: string): LoadedPath {
  if (written.startsWith("file:///")) return { written, path: fileURLToPath(written), place: [] };
  const [, place, path] = /^([^:/\\]+):(.+)$/s.exec(written) ?? [];
  if (place === undefined || path === undefined) return { written, path: written, place: [] };
  const file = path.startsWith("file:///") ? fileURLToPath(path) : path;
  return { written, path: file, place: place.split(".") };
}

/** Folders inside of each other; more is a link that leads back. */
export const FOLDER_DEPTH_MAX = 32;

type Found = { readonly file: string; readonly place: readonly string[]; readonly named: boolean };

/**
 * Reads policies and data as `opa run PATH…` does without `--bundle`: every `.rego`, `.json`, `.yaml` and `.yml` file,
 * data at the place of its folders. They become one bundle, whose roots are what is in it.
 * @param ignore patterns of names of files and folders that are left out, below the paths that are named
 * @throws BundleError that names the file
 */
export async function readPaths(
  paths: readonly LoadedPath[],
  ignore: readonly string[],
): Promise<BundleFiles> {
  const found: Found[] = [];
  for (const { path, place } of paths) await collect({ file: path, place, named: true }, ignore, 0, found);
  const files = new Map<string, Buffer>();
  const documents: Document[] = [];
  let bytes = 0;
  for (const { file, place, named } of found) {
    const content = await readFile(file);
    bytes += content.length;
    if (bytes > UNPACKED_BYTES_MAX)
      throw new BundleError(`the files hold more than ${UNPACKED_BYTES_MAX} bytes`);
    if (file.endsWith(".rego")) files.set(pathInBundle(file), content);
    else if (isData(file)) documents.push(documentOf(file, place, content));
    else if (named)
      throw new BundleError(`${file} is no policy and no data: OPA takes .rego, .json, .yaml and .yml files`);
  }
  const data = mergeDocuments(documents);
  files.set("data.json", data);
  const roots = rootsOf(files, data);
  files.set(".manifest", Buffer.from(JSON.stringify({ revision: "", roots })));
  return { files, digest: digestOf(files), bytes };
}

async function collect(at: Found, ignore: readonly string[], depth: number, found: Found[]): Promise<void> {
  const { file, place } = at;
  const stats = await stat(file).catch((error: Error) => {
    throw new BundleError(`${file} cannot be read: ${error.message}`, { cause: error });
  });
  if (!stats.isDirectory()) {
    found.push(at);
    if (found.length > ENTRIES_MAX) throw new BundleError(`there are more than ${ENTRIES_MAX} files`);
    return;
  }
  if (depth > FOLDER_DEPTH_MAX)
    throw new BundleError(`${file} lies more than ${FOLDER_DEPTH_MAX} folders deep: does a link lead back?`);
  for (const name of (await readdir(file)).sort()) {
    // `..data` and the like are the versions of a mounted ConfigMap, whose files are reached through links beside them.
    if (name.startsWith("..") || ignore.some((pattern) => matchesGlob(name, pattern))) continue;
    const below = depth === 0 ? place : [...place, basename(file)];
    await collect({ file: join(file, name), place: below, named: false }, ignore, depth + 1, found);
  }
}

const DATA = /\.(?:json|ya?ml)$/;

function isData(file: string): boolean {
  return DATA.test(file);
}

function documentOf(file: string, place: readonly string[], content: Buffer): Document {
  const json = jsonText(file, content);
  if (place.length === 0 && !isJsonObject(JSON.parse(json) as JsonValue))
    throw new BundleError(
      `${file}: data at the root must be an object; write a.b:${file} to put it at data.a.b`,
    );
  return { file, place, json };
}

/** A name for messages and for the compiler: short, relative, and different for each file. */
function pathInBundle(file: string): string {
  const path = relative(process.cwd(), resolve(file));
  return path.startsWith("..") ? resolve(file).replace(/^\//, "") : path;
}

/** Packages and the first keys of data, none inside of another: so much belongs to these files. */
function rootsOf(files: ReadonlyMap<string, Buffer>, data: Buffer): readonly string[] {
  const packages = [...files].flatMap(([path, content]) =>
    path.endsWith(".rego") ? (packageOf(content.toString("utf8")) ?? []) : [],
  );
  const all = [...new Set([...packages, ...Object.keys(JSON.parse(data.toString("utf8")) as object)])];
  return all.filter((root) => !all.some((other) => other !== root && isWithin(root, other)));
}

function digestOf(files: ReadonlyMap<string, Buffer>): string {
  const hash = createHash("sha256");
  for (const [path, content] of files) hash.update(`${path}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

export type PathsSourceOptions = {
  readonly paths: readonly LoadedPath[];
  readonly ignore: readonly string[];
  /** Follow changes, as `--watch`. */
  readonly watch: boolean;
};

/** The files of the command line as a source of one bundle. */
export function createPathsSource({ paths, ignore, watch }: PathsSourceOptions): BundleSource {
  let sink: BundleSink | undefined;
  let watchers: readonly FileWatch[] = [];
  let accepted: string | undefined;
  /** Looks come one after another. */
  let looking: Promise<void> = Promise.resolve();

  const look = async (): Promise<void> => {
    if (sink === undefined) return;
    try {
      const version = await readPaths(paths, ignore);
      if (version.digest === accepted) sink.unchanged();
      else accepted = (await sink.offer(version)).accepted ? version.digest : undefined;
    } catch (error) {
      sink.failed(error instanceof BundleError ? error : new BundleError(String(error), { cause: error }));
    }
  };
  const reload = (): Promise<void> => {
    looking = looking.then(look);
    return looking;
  };
  return {
    location: paths.map(({ written }) => written).join(" "),
    async start(to) {
      sink = to;
      if (watch) watchers = paths.map(({ path }) => watchFile(path, reload));
      await reload();
    },
    reload,
    async close() {
      for (const watcher of watchers) watcher.close();
      await looking;
      sink = undefined;
    },
  };
}
