import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument as parseYaml,
  visit,
  type Document as YamlDocument,
} from "yaml";
import type { z } from "zod";
import { type Fault, type FaultAt, type FaultPath, renderPath } from "./fault.ts";
import { deepFreeze } from "./freeze.ts";
import { issueFaults, withoutConsequences } from "./schema-issues.ts";

/** Configuration, keys and registries are far below this; YAML of this size still parses within seconds. */
export const DOCUMENT_BYTES_MAX = 4 * 1024 * 1024;
/**
 * How many aliases there may be, and how far they may unfold in all (the "billion laughs" bomb). Ours are small, so few
 * are needed; the parser goes over all anchors for each of them.
 */
export const ALIASES_MAX = 100;
/** More faults than a person reads at once. */
export const FAULTS_MAX = 100;

/** Broken syntax that is shown: a parser that has lost its way finds a fault in every word that follows. */
export const SYNTAX_FAULTS_MAX = 3;

/** A frozen value with a way to report later findings at their line, or every fault at once. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T; readonly faultAt: FaultAt }
  | { readonly ok: false; readonly faults: readonly Fault[] };

/** Checks that go over several fields. They run beside the schema, so they get the document as it is written. */
export type CrossCheck = (raw: unknown, faultAt: FaultAt) => readonly Fault[];

/**
 * Parses one YAML 1.2 document (JSON is one) against a zod schema. Reports all faults at once: syntax, duplicate keys,
 * unknown keys with a suggestion, wrong types and values with what is allowed, and those of `check`. An empty
 * document is an empty map.
 * @param amend what counts in place of the document as written, a command line's additions say. Faults in what it adds
 *   stand where their nearest ancestor does.
 */
export function parseDocument<S extends z.ZodType>(
  text: string,
  fileName: string,
  schema: S,
  check: CrossCheck = () => [],
  amend: (raw: unknown) => unknown = (raw) => raw,
): Parsed<z.output<S>> {
  const lines = new LineCounter();
  const faultAtOffset = (offset: number, code: string, message: string, path: FaultPath = []): Fault => {
    const { line, col } = offset < 0 ? { line: 1, col: 1 } : lines.linePos(offset);
    const place = {
      file: fileName,
      line: Math.max(line, 1),
      column: Math.max(col, 1),
      path: renderPath(path),
    };
    return { ...place, code: `config/${code}`, message, severity: "error" };
  };
  const failed = (faults: readonly Fault[]): Parsed<never> => ({ ok: false, faults: inOrder(faults) });

  if (Buffer.byteLength(text) > DOCUMENT_BYTES_MAX) {
    return failed([
      faultAtOffset(-1, "too-large", `the document is larger than ${DOCUMENT_BYTES_MAX} bytes`),
    ]);
  }
  const document = parseYaml(text, { lineCounter: lines, prettyErrors: false });
  const [repeated, broken] = partition(
    [...document.errors, ...document.warnings],
    ({ code }) => code === "DUPLICATE_KEY",
  );
  const syntax = repeated.map(({ pos }) =>
    faultAtOffset(pos[0], "duplicate-key", "this key is written twice in one map"),
  );
  const shown = broken.toSorted((a, b) => a.pos[0] - b.pos[0]).slice(0, SYNTAX_FAULTS_MAX);
  syntax.push(...shown.map(({ pos, message }) => faultAtOffset(pos[0], "syntax", message)));
  syntax.push(...unusable(document).map(([offset, message]) => faultAtOffset(offset, "syntax", message)));
  // What a document says is known only once it can be read; a key written twice can be told beside the rest.
  if (syntax.some((fault) => fault.code !== "config/duplicate-key")) return failed(syntax);
  let raw: unknown;
  try {
    raw = amend(document.toJS({ maxAliasCount: ALIASES_MAX }) ?? {});
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return failed([...syntax, faultAtOffset(-1, "syntax", message)]);
  }
  const faultAt: FaultAt = (path, code, message, severity = "error") => ({
    ...faultAtOffset(offsetOf(document, path, code === "unknown-field"), code, message, path),
    severity,
  });
  const result = schema.safeParse(raw);
  const issues = result.success
    ? []
    : withoutConsequences(result.error.issues).flatMap((issue) => issueFaults(issue, raw, schema, faultAt));
  const faults = [...syntax, ...issues, ...check(raw, faultAt)];
  if (!result.success || faults.length > 0) return failed(faults);
  return { ok: true, value: deepFreeze(result.data), faultAt };
}

function partition<T>(items: readonly T[], belongs: (item: T) => boolean): readonly [T[], T[]] {
  return [items.filter(belongs), items.filter((item) => !belongs(item))];
}

/** As the eye meets them, and no more than a person reads. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const sorted = faults.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const next = sorted[FAULTS_MAX];
  if (next === undefined) return sorted;
  const message = `and ${sorted.length - FAULTS_MAX} more faults from here on`;
  return [...sorted.slice(0, FAULTS_MAX), { ...next, path: "", code: "config/too-many", message }];
}

/** What YAML allows and documents here do not: aliases of nothing, and keys that an object cannot have. */
function unusable(document: YamlDocument): [offset: number, message: string][] {
  const found: [number, string][] = [];
  // Those before each place: an alias that looks for its own goes over the document from its start.
  const anchors = new Set<string>();
  let aliases = 0;
  visit(document, {
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor);
    },
    Pair(_, { key }) {
      if (isScalar(key) && key.value !== null && key.value !== "__proto__") return;
      found.push([startOf(key) ?? -1, "a key must be a plain word, and not __proto__"]);
    },
    Alias(_, alias) {
      aliases += 1;
      if (aliases === ALIASES_MAX + 1)
        found.push([startOf(alias) ?? -1, `more than ${ALIASES_MAX} aliases: write out what they stand for`]);
      if (!anchors.has(alias.source)) found.push([startOf(alias) ?? -1, "this alias has no anchor"]);
    },
  });
  return found;
}

/** Where the value at `path` begins, or its key; for a member that does not exist, where its parent begins. */
function offsetOf(document: YamlDocument, path: FaultPath, wantKey: boolean): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? -1;
  for (const [index, step] of path.entries()) {
    const holder = isAlias(node) ? node.resolve(document) : node;
    if (isMap(holder)) {
      const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (pair === undefined) return offset;
      const keyed = wantKey && index === path.length - 1;
      offset = (keyed ? startOf(pair.key) : (startOf(pair.value) ?? startOf(pair.key))) ?? offset;
      node = pair.value;
    } else if (isSeq(holder)) {
      node = holder.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
