import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { type Document, mergeDocuments } from "./document.ts";
import { BundleError } from "./error.ts";
import { depthOf } from "./json-cursor.ts";
import { isWithin } from "./roots.ts";
import { yamlToJson } from "./yaml.ts";

/** Where data may stand in a bundle, at any depth. */
const DATA_FILE = /^(?:(.*)\/)?data\.(json|ya?ml)$/;

/** Levels of lists and objects inside each other. Policies walk data with a stack of limited size. */
export const DATA_DEPTH_MAX = 500;

/**
 * Joins a bundle's data files into one document: `a/b/data.json` stands at `data.a.b`. Values stay as they are written,
 * so that numbers keep all their digits.
 * @returns JSON in UTF-8, an object
 * @throws BundleError when a file cannot be read, two say something of one place, or one leaves the bundle's roots.
 */
export function readData(files: ReadonlyMap<string, Buffer>, roots: readonly string[]): Buffer {
  const documents = [...files].flatMap(([path, content]) => documentOf(path, content, roots) ?? []);
  return mergeDocuments(documents);
}

function documentOf(path: string, content: Buffer, roots: readonly string[]): Document | undefined {
  const [, folder, extension] = DATA_FILE.exec(path) ?? [];
  if (extension === undefined) return undefined;
  const place = folder === undefined ? [] : folder.split("/");
  const json = jsonText(path, content);
  const value = JSON.parse(json) as JsonValue;
  if (place.length === 0 && !isJsonObject(value))
    throw new BundleError(`${path}: the data at the root is not an object`);
  assertWithinRoots(value, roots, place.join("/"), path);
  return { file: path, place, json };
}

/** The content of a data file as JSON text. @throws BundleError */
export function jsonText(path: string, content: Buffer): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(content);
    const json = path.endsWith(".json") ? text : yamlToJson(text);
    // A text that is no JSON must not be walked through.
    JSON.parse(json);
    if (depthOf(json) > DATA_DEPTH_MAX) throw new Error(`it nests deeper than ${DATA_DEPTH_MAX} levels`);
    return json;
  } catch (error) {
    throw new BundleError(`${path} cannot be read: ${String(error)}`, { cause: error });
  }
}

function assertWithinRoots(value: JsonValue, roots: readonly string[], place: string, file: string): void {
  if (roots.some((root) => isWithin(place, root))) return;
  const inner = roots.some((root) => isWithin(root, place));
  if (!(inner || place === "") || !isJsonObject(value))
    throw new BundleError(
      `${file}: the data at ${place || "the root"} lies outside of the roots in .manifest (${roots.join(", ") || "none"})`,
    );
  for (const [key, member] of Object.entries(value))
    assertWithinRoots(member, roots, place === "" ? key : `${place}/${key}`, file);
}
