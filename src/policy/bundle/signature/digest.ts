import { createHash } from "node:crypto";
import { jsonText } from "../data.ts";
import { BundleError } from "../error.ts";
import { JsonCursor } from "../json-cursor.ts";

/** Names of OPA's hash functions, as Node's. MD5 and SHA-1, which OPA takes too, prove nothing any more. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ["SHA-224", "sha224"],
  ["SHA-256", "sha256"],
  ["SHA-384", "sha384"],
  ["SHA-512", "sha512"],
  ["SHA-512-224", "sha512-224"],
  ["SHA-512-256", "sha512-256"],
]);

/**
 * The digest of a file of a bundle as OPA signs it: of data and manifest over their canonical form, so that blanks and
 * the order of keys do not count; of all else over its bytes.
 * @see https://www.openpolicyagent.org/docs/management-bundles#signature-format
 * @returns hex
 * @throws BundleError when the hash is none that counts, or the file cannot be read
 */
export function digestOf(path: string, content: Buffer, algorithm: string): string {
  const name = HASHES.get(algorithm);
  if (name === undefined)
    throw new BundleError(
      `its signature hashes ${path} with ${algorithm || "nothing"}; what counts is ${[...HASHES.keys()].join(", ")}`,
    );
  const hashed = isStructured(path) ? canonicalJson(jsonText(asJsonName(path), content)) : content;
  return createHash(name).update(hashed).digest("hex");
}

function isStructured(path: string): boolean {
  return STRUCTURED.has(path.split("/").at(-1) ?? "");
}

const STRUCTURED = new Set(["data.json", "data.yaml", "data.yml", ".manifest"]);

/** A manifest is JSON whatever its name. */
function asJsonName(path: string): string {
  return path.endsWith(".manifest") ? `${path}.json` : path;
}

/**
 * JSON without blanks and with the members of objects in the order of their keys' bytes. Numbers stay as they are
 * written; strings are escaped as Go escapes them.
 * @param json well-formed, of limited depth
 */
export function canonicalJson(json: string): string {
  return canonicalValue(new JsonCursor(json));
}

function canonicalValue(cursor: JsonCursor): string {
  const first = cursor.peek();
  if (first === "{") return canonicalObject(cursor);
  if (first === "[") return canonicalList(cursor);
  return first === '"' ? goString(cursor.string()) : cursor.primitive();
}

function canonicalObject(cursor: JsonCursor): string {
  const members = new Map<string, string>();
  cursor.take("{");
  while (!cursor.take("}")) {
    const key = cursor.string().toWellFormed();
    cursor.take(":");
    members.set(key, canonicalValue(cursor));
    cursor.take(",");
  }
  const keys = [...members.keys()].sort(byBytes);
  return `{${keys.map((key) => `${goString(key)}:${members.get(key)}`).join(",")}}`;
}

function canonicalList(cursor: JsonCursor): string {
  const items: string[] = [];
  cursor.take("[");
  while (!cursor.take("]")) {
    items.push(canonicalValue(cursor));
    cursor.take(",");
  }
  return `[${items.join(",")}]`;
}

/** The order of the UTF-8 bytes, which is not that of UTF-16 where there are surrogates. */
function byBytes(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** A JSON string as Go's encoder writes it without escaping HTML. */
function goString(value: string): string {
  return JSON.stringify(value.toWellFormed()).replace(/[\u2028\u2029]/g, (separator) =>
    separator === "\u2028" ? "\\u2028" : "\\u2029",
  );
}
