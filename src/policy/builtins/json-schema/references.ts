import { BuiltinError } from "../builtin.ts";
import { parseUrl, printUrl, resolveUrl, type Url, UrlParseError } from "../go/url.ts";
import { isArray, isObject, type RegoObject, type RegoValue } from "../value.ts";

/** Members whose own members are named by the author, and are schemas whatever they are called. */
const MAPS_OF_SCHEMAS: ReadonlySet<RegoValue> = new Set(["properties", "dependencies", "patternProperties"]);
const LITERALS: ReadonlySet<RegoValue> = new Set(["const", "enum"]);

/**
 * What the references of a schema mean: `$ref` against the `$id` that it stands in. Nothing is fetched: what is not in
 * the schema itself cannot be referred to.
 */
export class References {
  readonly #documents = new Map<string, RegoValue>();
  readonly #resolved = new Map<RegoObject, string>();

  /** @throws BuiltinError when two parts have the same `$id`. */
  constructor(root: RegoValue) {
    this.#collect(root, parseReference(""));
    this.#documents.set("", root);
  }

  /** The absolute form of a schema's `$ref`. */
  resolved(schema: RegoObject, reference: string): string {
    return this.#resolved.get(schema) ?? printUrl(parseReference(reference));
  }

  /** What an absolute reference points to. @throws BuiltinError when it is not in this schema. */
  target(reference: string): RegoValue {
    const known = this.#documents.get(reference);
    if (known !== undefined) return known;
    const url = parseReference(reference);
    const document = this.#documents.get(printUrl({ ...url, fragment: "", rawFragment: "" }));
    if (document === undefined) throw new BuiltinError(`Reference ${reference} must be canonical`);
    return atPointer(document, url.fragment);
  }

  #collect(node: RegoValue, base: Url): void {
    if (isArray(node)) for (const item of node) this.#collect(item, base);
    if (!isObject(node)) return;
    const here = this.#baseOf(node, base);
    const reference = node.get("$ref");
    const absolute = typeof reference === "string" ? tryResolve(here, reference) : undefined;
    if (absolute !== undefined) this.#resolved.set(node, printUrl(absolute));
    for (const [name, member] of node) {
      if (LITERALS.has(name)) continue;
      if (!MAPS_OF_SCHEMAS.has(name)) this.#collect(member, here);
      else if (isObject(member)) for (const schema of member.values()) this.#collect(schema, here);
    }
  }

  #baseOf(node: RegoObject, base: Url): Url {
    const id = node.has("id") ? node.get("id") : node.get("$id");
    const absolute = typeof id === "string" ? tryResolve(base, id) : undefined;
    if (absolute === undefined) return base;
    const text = printUrl(absolute);
    if (this.#documents.has(text)) throw new BuiltinError(`Reference already exists: "${text}"`);
    this.#documents.set(text, node);
    return absolute;
  }
}

/** @throws BuiltinError when it is no URL. */
export function parseReference(text: string): Url {
  try {
    return parseUrl(text);
  } catch (error) {
    if (error instanceof UrlParseError)
      throw new BuiltinError(`parse ${JSON.stringify(text)}: ${error.message}`, { cause: error });
    throw error;
  }
}

function tryResolve(base: Url, reference: string): Url | undefined {
  try {
    return resolveUrl(base, parseUrl(reference));
  } catch (error) {
    // It is reported when the schema is read.
    if (error instanceof UrlParseError) return undefined;
    throw error;
  }
}

/** Follows a JSON pointer (RFC 6901). A fragment that is none stands for the whole document. */
function atPointer(document: RegoValue, pointer: string): RegoValue {
  if (!pointer.startsWith("/")) return document;
  let node: RegoValue | undefined = document;
  for (const token of pointer.slice(1).split("/")) {
    if (node !== undefined && isObject(node))
      node = node.get(token.replaceAll("~1", "/").replaceAll("~0", "~"));
    else
      node = node !== undefined && isArray(node) && /^\+?\d+$/.test(token) ? node[Number(token)] : undefined;
    if (node === undefined) throw new BuiltinError(`Object has no key '${token}'`);
  }
  return node;
}
