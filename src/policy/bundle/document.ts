import { BundleError } from "./error.ts";
import { membersOf } from "./json-cursor.ts";

/** A piece of the data document. */
export type Document = {
  /** Who says it, for messages. */
  readonly file: string;
  /** Where it stands in the data document. */
  readonly place: readonly string[];
  /** JSON, known to be well-formed. */
  readonly json: string;
};

/** A value as it is written, or an object of which several documents say something. */
type Node = { readonly file: string; readonly json: string } | Map<string, Node>;

/**
 * Joins documents into one. Where two say something of one place, both must be objects, and they are joined in turn.
 * Texts are taken over as they are: only objects that are joined are taken apart.
 * @returns JSON in UTF-8, an object
 * @throws BundleError that names the place and both files
 */
export function mergeDocuments(documents: readonly Document[]): Buffer {
  const root = new Map<string, Node>();
  const [first, ...others] = documents;
  if (first !== undefined && others.length === 0 && first.place.length === 0) return Buffer.from(first.json);
  for (const { file, place, json } of documents) insert(root, nested(place, { file, json }), []);
  return Buffer.from(render(root));
}

/** A document as an object with the members on the way to it. */
function nested(place: readonly string[], leaf: Node): Map<string, Node> {
  const node = place.reduceRight<Node>((inner, key) => new Map([[key, inner]]), leaf);
  return node instanceof Map ? node : expanded(node);
}

function insert(into: Map<string, Node>, members: Map<string, Node>, place: readonly string[]): void {
  for (const [key, node] of members) {
    const existing = into.get(key);
    const at = [...place, key];
    if (existing === undefined) into.set(key, node);
    else {
      const object = objectAt(existing, node, at);
      into.set(key, object);
      insert(object, objectAt(node, existing, at), at);
    }
  }
}

function objectAt(node: Node, other: Node, place: readonly string[]): Map<string, Node> {
  if (node instanceof Map) return node;
  if (node.json.trimStart().startsWith("{")) return expanded(node);
  throw new BundleError(
    `the data at ${place.join("/")} is there twice: in ${node.file} and in ${fileOf(other)}`,
  );
}

function expanded({ file, json }: { readonly file: string; readonly json: string }): Map<string, Node> {
  return new Map([...membersOf(json)].map(([key, value]) => [key, { file, json: value }]));
}

function fileOf(node: Node): string {
  for (let at: Node | undefined = node; ; [at] = at.values()) {
    if (at === undefined) return "another file";
    if (!(at instanceof Map)) return at.file;
  }
}

function render(node: Node): string {
  if (!(node instanceof Map)) return node.json;
  return `{${[...node].map(([key, value]) => `${JSON.stringify(key)}:${render(value)}`).join(",")}}`;
}
