import { randomUUID } from "node:crypto";
import { RegentError } from "../../exchange/errors.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { parseBody } from "../../formats/json-format.ts";
import { type Datatype, flatten, numbersIn, tensorFault } from "../../formats/tensors/index.ts";
import type { Layout } from "../../formats/tfserving/layout.ts";
import { replaceNonfinite } from "../../formats/tfserving/nonfinite.ts";
import { base64In, isNamed } from "../../formats/tfserving/values.ts";
import { type JsonDocument, pointerToken, readJson } from "../../wire/json/index.ts";
import { dataOfLeaves, guessDatatype, noData, type TokenOf } from "./leaves.ts";
import type { TensorValue } from "./value.ts";

/** A body with tensors as nested lists. */
export type NestedBody = {
  readonly document: JsonDocument;
  readonly body: JsonObject;
  /** What stands in the place of NaN and infinities. */
  readonly tokenText: (leaf: JsonValue) => string | undefined;
};

/**
 * Reads a body whose numbers may be NaN or infinite. Those are read as texts that begin with something nobody can know, so
 * that no text of the body is taken for one.
 *
 * @throws RegentError body_invalid
 */
export function parseNested(bytes: Buffer): NestedBody {
  const plain = readJson(bytes);
  if (plain.ok) return nestedBody(plain.document, () => undefined);
  const mark = randomUUID();
  const marked = readJson(replaceNonfinite(bytes, (token) => `"${mark}${token}"`));
  if (!marked.ok) return nestedBody(parseBody(bytes, "data"), () => undefined);
  return nestedBody(marked.document, (leaf) =>
    typeof leaf === "string" && leaf.startsWith(mark) ? leaf.slice(mark.length) : undefined,
  );
}

function nestedBody(document: JsonDocument, tokenText: NestedBody["tokenText"]): NestedBody {
  const { value } = document;
  if (!isJsonObject(value)) throw new RegentError("body_invalid", "The body must be a JSON object.");
  return { document, body: value, tokenText };
}

/** One tensor of a nested body: the places of its values, whose lists follow one another. */
type Column = {
  readonly name: string | undefined;
  readonly value: JsonValue;
  readonly pointer: string;
  /** Of the pieces that `value` was put together from. */
  readonly pointers: readonly string[];
};

/**
 * The tensors under a member of a body.
 *
 * @param onlyName what one without a name can only be
 * @throws RegentError body_invalid, naming the tensor
 */
export function readColumns(
  nested: NestedBody,
  key: string,
  layout: Layout,
  onlyName?: string,
): TensorValue[] {
  const value = nested.body[key] as JsonValue;
  if (layout === "row" && !Array.isArray(value))
    throw new RegentError("body_invalid", `${key} must be a list`);
  return columnsOf(value, `/${key}`, layout).map((column) =>
    columnValue(nested, { ...column, name: column.name ?? onlyName }, key),
  );
}

function columnsOf(value: JsonValue, pointer: string, layout: Layout): Column[] {
  if (layout === "columnar") {
    if (!isNamed(value)) return [{ name: undefined, value, pointer, pointers: [pointer] }];
    return Object.entries(value).map(([name, member]) => {
      const at = `${pointer}/${pointerToken(name)}`;
      return { name, value: member, pointer: at, pointers: [at] };
    });
  }
  const rows = value as readonly JsonValue[];
  const [first] = rows;
  if (first === undefined || !isNamed(first))
    return [{ name: undefined, value, pointer, pointers: [pointer] }];
  assertSameNames(rows, Object.keys(first));
  return Object.keys(first).map((name) => {
    const token = pointerToken(name);
    return {
      name,
      value: rows.map((row) => (row as JsonObject)[name] as JsonValue),
      pointer: `${pointer}/0/${token}`,
      pointers: rows.map((_, index) => `${pointer}/${index}/${token}`),
    };
  });
}

/** Every row has every tensor: else there is no one batch. */
function assertSameNames(rows: readonly JsonValue[], names: readonly string[]): void {
  for (const [index, row] of rows.entries()) {
    const [anyName = ""] = names;
    if (!isNamed(row)) throw tensorFault(anyName, `row ${index} names no tensors`);
    const lacking = names.find((name) => !Object.hasOwn(row, name));
    const extra = Object.keys(row).find((name) => !names.includes(name));
    const name = lacking ?? extra;
    if (name !== undefined) throw tensorFault(name, `row ${lacking === undefined ? 0 : index} has none`);
  }
}

function columnValue(
  { document, tokenText }: NestedBody,
  { name, value, pointer, pointers }: Column,
  key: string,
): TensorValue {
  const told = name ?? key;
  const { shape, leaves } = flatten(told, value);
  const tokenOf: TokenOf = (leaf) => {
    const token = tokenText(leaf);
    return token === undefined ? undefined : numberOf(token);
  };
  const spelling = () => numbersIn(pointers.map((at) => withoutTexts(document.raw(at) ?? "")).join(","));
  return {
    name,
    shape,
    pointer,
    datatype: undefined,
    texts: (nonfinite) => leafTexts(told, leaves, tokenText, spelling, nonfinite),
    data: (as, datatype) =>
      leaves.length === 0 ? noData(datatype) : dataOfLeaves(as, datatype, leaves, tokenOf, spelling),
    guess: (as) => guessDatatype(as, leaves, tokenOf, spelling) satisfies Datatype,
  };
}

/** Without its texts, so that only numbers are left in it. */
function withoutTexts(raw: string): string {
  if (!raw.includes('"')) return raw;
  const pieces: string[] = [];
  let at = 0;
  while (at < raw.length) {
    const quote = raw.indexOf('"', at);
    pieces.push(raw.slice(at, quote < 0 ? raw.length : quote));
    if (quote < 0) break;
    at = endOfText(raw, quote);
  }
  return pieces.join(" ");
}

function endOfText(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

function numberOf(token: string): number {
  if (token.endsWith("NaN")) return Number.NaN;
  return token.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function leafTexts(
  name: string,
  leaves: readonly JsonValue[],
  tokenText: NestedBody["tokenText"],
  spelling: () => readonly string[],
  nonfinite: "refused" | "tokens",
): readonly string[] {
  const numbers = leaves.some((leaf) => typeof leaf === "number") ? spelling() : [];
  let at = 0;
  return leaves.map((leaf) => {
    if (typeof leaf === "number") return numbers[at++] ?? String(leaf);
    const token = tokenText(leaf);
    if (token === undefined) return leafText(name, leaf);
    if (nonfinite === "refused") throw tensorFault(name, `${token} has no place in JSON`);
    return token;
  });
}

function leafText(name: string, leaf: JsonValue): string {
  if (leaf === null || (isJsonObject(leaf) && base64In(leaf) === undefined))
    throw tensorFault(name, `${leaf === null ? "null" : "an object"} is no value of a tensor`);
  return JSON.stringify(leaf);
}
