import type { JsonValue } from "../exchange/json.ts";

/** JSON.parse and JSON.rawJSON of ECMAScript's "JSON.parse source text access", which Node 24 has. */
const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): JsonValue;
  rawJSON(text: string): object;
  isRawJSON(value: unknown): boolean;
};

/** A parsed JSON text whose numbers print as they were written: `9007199254740993`, `1.10`. */
export function parseLossless(text: string): JsonValue {
  return json.parse(text, (_key, value, { source }) =>
    typeof value === "number" && source !== undefined && String(value) !== source
      ? json.rawJSON(source)
      : value,
  );
}

/** Whether a value stands for a number that JavaScript cannot hold. It looks like an object. */
export function isRawNumber(value: unknown): boolean {
  return json.isRawJSON(value);
}

/** A number as the digits that stand for it. */
export function rawNumber(digits: string): object {
  return json.rawJSON(digits);
}
