import { Document, type Node, Pair, Scalar, visit, YAMLMap, YAMLSeq } from "yaml";

/** A value of a configuration with the reason for it, which becomes the comment above it. */
export class Noted {
  readonly reason: string | undefined;
  readonly value: Yaml;
  /** On one line, in braces or brackets. */
  readonly isInline: boolean;

  constructor(reason: string | undefined, value: Yaml, isInline = false) {
    this.reason = reason;
    this.value = value;
    this.isInline = isInline;
  }
}

export type Yaml =
  | null
  | boolean
  | number
  | string
  | readonly Yaml[]
  | { readonly [key: string]: Yaml }
  | Noted;

/** Attaches a reason to a value. */
export function note(reason: string, value: Yaml): Noted {
  return new Noted(reason, value);
}

/** Writes a value on one line, which nobody changes by hand. */
export function inline(value: Yaml): Noted {
  return new Noted(undefined, value, true);
}

/** The value without its reasons. */
export function plain(value: Yaml): unknown {
  if (value instanceof Noted) return plain(value.value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
  }
  return value;
}

/** YAML with each reason as a comment above what it explains. `head` becomes the comment at the top. */
export function renderYaml(value: Yaml, head: string): string {
  const document = new Document();
  document.contents = nodeFor(value) as unknown as typeof document.contents;
  document.commentBefore = comment(head);
  return document.toString({ lineWidth: 0 });
}

function nodeFor(value: Yaml): Node {
  if (value instanceof Noted) return value.isInline ? inOneLine(nodeFor(value.value)) : nodeFor(value.value);
  if (Array.isArray(value)) return sequence(value);
  if (typeof value === "object" && value !== null) return mapping(value as { readonly [key: string]: Yaml });
  return new Scalar(value);
}

function inOneLine(node: Node): Node {
  if (node instanceof YAMLMap || node instanceof YAMLSeq) node.flow = true;
  // The parser in Envoy takes a question mark within braces for the beginning of a key, wherever it stands.
  visit(node, {
    Scalar(_, scalar) {
      if (typeof scalar.value === "string" && scalar.value.includes("?")) scalar.type = Scalar.QUOTE_SINGLE;
    },
  });
  return node;
}

function sequence(values: readonly Yaml[]): YAMLSeq {
  const node = new YAMLSeq();
  for (const value of values) {
    const item = nodeFor(value);
    if (value instanceof Noted && value.reason !== undefined) item.commentBefore = comment(value.reason);
    node.items.push(item);
  }
  return node;
}

function mapping(value: { readonly [key: string]: Yaml }): YAMLMap {
  const node = new YAMLMap();
  for (const [name, member] of Object.entries(value)) {
    const key = new Scalar(name);
    if (member instanceof Noted && member.reason !== undefined) key.commentBefore = comment(member.reason);
    node.items.push(new Pair(key, nodeFor(member)));
  }
  return node;
}

function comment(text: string): string {
  return text
    .split("\n")
    .map((line) => ` ${line}`)
    .join("\n");
}
