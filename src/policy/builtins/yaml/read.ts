/** YAML text to a Rego value, as OPA does with Go's yaml.v3: the first document, and JSON's kinds of values. */
import {
  type Alias,
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  Parser,
  type Scalar as ScalarNode,
  type YAMLMap,
} from "yaml";
import { BuiltinError } from "../builtin.ts";
import { numberOf } from "../decimal.ts";
import { formatFloat } from "../go/float.ts";
import { isObject, numberFrom, type RegoNumber, type RegoObject, type RegoValue } from "../value.ts";
import { decodeBase64 } from "../x509/pem.ts";
import { resolveScalar, type Scalar } from "./scalar.ts";

/** Tokens between two looks at the clock: about 0.1 ms. */
const TOKENS_PER_LOOK = 50;
/** Values that aliases stand for, at most: a few lines of them can stand for billions. */
export const ALIASED_VALUES_MAX = 100_000;
/** Collections inside one another at most: a level takes a few frames of the stack. */
export const DEPTH_MAX = 200;

/** @throws BuiltinError for text that is no YAML or no JSON, RangeError beyond the limits; what `checkTime` throws. */
export function readYaml(text: string, checkTime: () => void): RegoValue {
  const [first] = documentsOf(text, checkTime);
  if (first === undefined && text.includes("\t"))
    throw new BuiltinError("yaml: a tab cannot start any token");
  return first === undefined ? null : new YamlReader(text).value(first.contents);
}

/** Every document is read, though only the first counts: what cannot be read behind it is an error too. */
function documentsOf(text: string, checkTime: () => void): readonly Document.Parsed[] {
  if (/[^\t\n\r\u0020-\u007e\u0085\u00a0-\ud7ff\ud800-\udfff\ue000-\ufffd\ufeff]/.test(text))
    throw new BuiltinError("yaml: control characters are not allowed");
  const documents = [...compose(text, checkTime)].filter(
    (document): document is Document.Parsed => document.contents !== undefined,
  );
  const fault = documents.flatMap(({ errors }) => errors)[0];
  if (fault !== undefined) throw new BuiltinError(`yaml: ${fault.message}`);
  return documents;
}

function* compose(text: string, checkTime: () => void): Generator<Document.Parsed | Document> {
  const parser = new Parser();
  // Scalars are resolved here, as Go does it; the library takes quadratic time to look for keys that repeat.
  const composer = new Composer({
    schema: "failsafe",
    uniqueKeys: false,
    logLevel: "silent",
    prettyErrors: false,
  });
  let tokens = 0;
  let depth = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens % TOKENS_PER_LOOK === 0) checkTime();
    if (parser.stack.length > depth) {
      depth = parser.stack.length;
      if (depth > DEPTH_MAX) throw new RangeError(`YAML may be nested ${DEPTH_MAX} levels deep at most`);
    }
    for (const token of parser.next(lexeme)) {
      if (token.type === "directive" && !/^%(?:YAML +1\.1\s*$|TAG )/.test(token.source))
        throw new BuiltinError("yaml: found a directive that is not known");
      yield* composer.next(token);
    }
  }
  for (const token of parser.end()) yield* composer.next(token);
  yield* composer.end();
}

const TAGS = "tag:yaml.org,2002:";

class YamlReader {
  /** The latest node of each name: an alias means the one in front of it. */
  readonly #anchors = new Map<string, Node>();
  readonly #targets = new Map<Alias, Node>();
  /** Nodes behind aliases that are being read: one inside itself would have no end. */
  readonly #open = new Set<Node>();
  readonly #text: string;
  #aliased = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(node: unknown): RegoValue {
    if (isAlias(node)) return this.#alias(node);
    if (this.#open.size > 0) this.#count();
    else this.#remember(node);
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return node.items.map((item) => this.value(item));
    return isScalar(node) ? jsonValue(this.#scalar(node)) : null;
  }

  #count(): void {
    this.#aliased += 1;
    if (this.#aliased > ALIASED_VALUES_MAX)
      throw new BuiltinError("yaml: document contains excessive aliasing");
  }

  #remember(node: unknown): void {
    const anchored = isMap(node) || isSeq(node) || isScalar(node);
    if (anchored && node.anchor !== undefined) this.#anchors.set(node.anchor, node);
  }

  #alias(alias: Alias): RegoValue {
    const target = this.#targetOf(alias);
    this.#open.add(target);
    const value = this.value(target);
    this.#open.delete(target);
    return value;
  }

  #targetOf(alias: Alias): Node {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined) throw new BuiltinError(`yaml: unknown anchor '${alias.source}' referenced`);
    if (this.#open.has(target))
      throw new BuiltinError(`yaml: anchor '${alias.source}' value contains itself`);
    this.#targets.set(alias, target);
    return target;
  }

  #map(map: YAMLMap): RegoValue {
    const own = new Map<RegoValue, RegoValue>();
    const merged: RegoObject[] = [];
    for (const { key, value } of map.items) {
      if (isMergeKey(key)) merged.push(...this.#merged(value));
      else own.set(this.#key(key), this.value(value));
    }
    // What is merged first counts, and what stands in the map itself before all of it.
    return new Map([...merged.reverse().flatMap((from) => [...from]), ...own]);
  }

  #merged(node: unknown): readonly RegoObject[] {
    const sources = isSeq(node) ? node.items : [node];
    return sources.map((source) => {
      const value = this.value(source);
      if (!isObject(value))
        throw new BuiltinError("yaml: map merge requires map or sequence of maps as the value");
      return value;
    });
  }

  /** Keys become text, as JSON has them. */
  #key(node: unknown): string {
    this.#remember(node);
    const target = isAlias(node) ? this.#targetOf(node) : node;
    const scalar = isScalar(target) ? this.#scalar(target) : undefined;
    switch (scalar?.kind) {
      case "text":
        return scalar.value;
      case "boolean":
      case "integer":
        return String(scalar.value);
      case "float":
        return floatKey(scalar.value);
      default:
        throw new BuiltinError("yaml: unsupported map key");
    }
  }

  #scalar(node: ScalarNode): Value {
    const scalar = scalarOf(node);
    // Where the text ends in the middle of a line, the library ends a block with a line break all the same.
    const cut =
      node.type?.startsWith("BLOCK") && node.range?.[1] === this.#text.length && !this.#text.endsWith("\n");
    return cut && scalar.kind === "text" ? { kind: "text", value: scalar.value.replace(/\n$/, "") } : scalar;
  }
}

/** A scalar with its text where it is a string. */
type Value = Exclude<Scalar, { kind: "string" }> | { readonly kind: "text"; readonly value: string };

function isMergeKey(node: unknown): boolean {
  return isScalar(node) && node.type === "PLAIN" && node.source === "<<" && node.tag === undefined;
}

function scalarOf(node: ScalarNode): Value {
  const text = typeof node.source === "string" ? node.source : String(node.value ?? "");
  if (node.tag === undefined) return node.type === "PLAIN" ? plain(text) : { kind: "text", value: text };
  const tag = node.tag.startsWith(TAGS) ? node.tag.slice(TAGS.length) : "str";
  if (tag === "str") return { kind: "text", value: text };
  if (tag === "binary") return { kind: "text", value: binary(text) };
  const resolved = resolveScalar(text);
  if (tag === "float" && resolved.kind === "integer") return { kind: "float", value: Number(resolved.value) };
  const kinds: { readonly [tag: string]: Scalar["kind"] } = {
    int: "integer",
    float: "float",
    bool: "boolean",
    null: "null",
    timestamp: "timestamp",
  };
  if (kinds[tag] !== resolved.kind) throw new BuiltinError(`yaml: cannot decode \`${text}\` as ${node.tag}`);
  return plain(text);
}

function plain(text: string): Value {
  const resolved = resolveScalar(text);
  return resolved.kind === "string" || resolved.kind === "timestamp" || resolved.kind === "merge"
    ? { kind: "text", value: text }
    : resolved;
}

function binary(text: string): string {
  const bytes = decodeBase64(text.replace(/\s/g, ""));
  if (bytes === undefined) throw new BuiltinError("yaml: !!binary value contains invalid base64 data");
  return bytes.toString("utf8");
}

function jsonValue(scalar: Value): RegoValue {
  switch (scalar.kind) {
    case "text":
    case "boolean":
      return scalar.value;
    case "integer":
      return numberOf(scalar.value);
    case "float":
      return jsonFloat(scalar.value);
    default:
      return null;
  }
}

function jsonFloat(value: number): RegoNumber {
  if (!Number.isFinite(value)) throw new BuiltinError("yaml: JSON has no infinite numbers");
  // JSON of Go writes the sign of zero.
  return Object.is(value, -0) ? numberFrom("-0") : value;
}

/** As Go writes a float of 32 bits. */
function floatKey(value: number): string {
  if (Number.isNaN(value)) return ".nan";
  const narrow = Math.fround(value);
  if (!Number.isFinite(narrow)) return narrow > 0 ? ".inf" : "-.inf";
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(narrow.toPrecision(digits));
    if (Math.fround(short) === narrow) return formatFloat(short, "g", -1);
  }
  return formatFloat(Number(narrow.toPrecision(9)), "g", -1);
}
