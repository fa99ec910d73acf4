import { parse as parseYaml } from "yaml";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { BundleError } from "./error.ts";
import { isWithin } from "./manifest.ts";

const DATA_FILE = /^(?:(.*)\/)?data\.(json|ya?ml)$/;

/**
 * Joins a bundle's data files into one document: `a/b/data.json` stands at `data.a.b`. The bytes of a lone
 * `data.json` are returned as they are, so that its numbers keep all their digits.
 * @throws BundleError when a file cannot be read, two say something of one place, or one leaves the bundle's roots.
 */
export function readData(files: ReadonlyMap<string, Buffer>, roots: readonly string[]): Buffer {
  const documents = [...files].filter(([path]) => DATA_FILE.test(path));
  const root = emptyObject();
  for (const [path, content] of documents) {
    const [, folder, extension] = DATA_FILE.exec(path) ?? [];
    const places = folder === undefined ? [] : folder.split("/");
    merge(root, nest(places, parseDocument(path, extension, content)), path, []);
  }
  assertWithinRoots(root, roots, "");
  const [only] = documents;
  if (documents.length === 1 && only?.[0] === "data.json") return only[1];
  return Buffer.from(JSON.stringify(root));
}

function parseDocument(path: string, extension: string | undefined, content: Buffer): JsonValue {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    return (extension === "json" ? JSON.parse(text) : parseYaml(text)) as JsonValue;
  } catch (error) {
    throw new BundleError(`${path} cannot be read: ${String(error)}`, { cause: error });
  }
}

function nest(places: readonly string[], document: JsonValue): JsonValue {
  return places.reduceRight<JsonValue>(
    (inner, place) => Object.assign(emptyObject(), { [place]: inner }),
    document,
  );
}

type Mutable = { [key: string]: JsonValue };

/** Without a prototype, so that a key named `__proto__` is a key like any other. */
function emptyObject(): Mutable {
  return Object.create(null) as Mutable;
}

function merge(into: Mutable, document: JsonValue, file: string, place: readonly string[]): void {
  if (!isJsonObject(document)) {
    throw new BundleError(`${file}: the data at ${place.join("/") || "the root"} is not an object`);
  }
  for (const [key, value] of Object.entries(document)) {
    const existing = into[key];
    if (existing === undefined) into[key] = isJsonObject(value) ? copyOf(value) : value;
    else if (isJsonObject(existing) && isJsonObject(value))
      merge(existing as Mutable, value, file, [...place, key]);
    else throw new BundleError(`${file}: the data at ${[...place, key].join("/")} is there twice`);
  }
}

function copyOf(object: JsonObject): Mutable {
  const copy = emptyObject();
  for (const [key, value] of Object.entries(object)) copy[key] = isJsonObject(value) ? copyOf(value) : value;
  return copy;
}

function assertWithinRoots(value: JsonValue, roots: readonly string[], path: string): void {
  if (roots.some((root) => isWithin(path, root))) return;
  const inner = roots.some((root) => isWithin(root, path));
  if (!inner || !isJsonObject(value))
    throw new BundleError(`the data at ${path} lies outside of the roots in .manifest`);
  for (const [key, member] of Object.entries(value))
    assertWithinRoots(member, roots, path === "" ? key : `${path}/${key}`);
}
