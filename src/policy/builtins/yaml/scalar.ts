/** What a plain scalar stands for, as Go's yaml.v3 resolves it: YAML 1.2 with the octal numbers of 1.1. */
export type Scalar =
  | { readonly kind: "string" | "timestamp" | "merge" | "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "integer"; readonly value: bigint }
  | { readonly kind: "float"; readonly value: number };

const WORDS: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, { kind: "null" }] as const),
  ...["true", "True", "TRUE"].map((word) => [word, { kind: "boolean", value: true }] as const),
  ...["false", "False", "FALSE"].map((word) => [word, { kind: "boolean", value: false }] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, { kind: "float", value: Number.NaN }] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map(
    (word) => [word, { kind: "float", value: Number.POSITIVE_INFINITY }] as const,
  ),
  ...["-.inf", "-.Inf", "-.INF"].map(
    (word) => [word, { kind: "float", value: Number.NEGATIVE_INFINITY }] as const,
  ),
  ["<<", { kind: "merge" }],
]);

const TIMESTAMP =
  /^\d{4}-\d{1,2}-\d{1,2}(?:(?:[Tt]| +)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d*)?(?: *(?:Z|[+-]\d{1,2}(?::?\d{2})?))?)?$/;
const FLOAT = /^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/;
const INTEGER = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)$/;

const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

export function resolveScalar(text: string): Scalar {
  const word = WORDS.get(text);
  if (word !== undefined) return word;
  if (!/^[-+.\d]/.test(text)) return { kind: "string" };
  if (TIMESTAMP.test(text)) return { kind: "timestamp" };
  if (text.startsWith(".")) return floatOf(text) ?? { kind: "string" };
  const digits = text.replaceAll("_", "");
  return integerOf(digits) ?? floatOf(digits) ?? { kind: "string" };
}

/** Undefined for what is no integer of 64 bits. */
function integerOf(text: string): Scalar | undefined {
  const [, sign, digits = ""] = INTEGER.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const octal = /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
  const value = BigInt(octal) * (sign === "-" ? -1n : 1n);
  return value < INT64_MIN || value > UINT64_MAX ? undefined : { kind: "integer", value };
}

/** Undefined for what is no number, and for one that is too large. */
function floatOf(text: string): Scalar | undefined {
  const value = FLOAT.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? { kind: "float", value } : undefined;
}
