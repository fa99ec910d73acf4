import { sorted, sortedEntries } from "./compare.ts";
import { quoteGo } from "./go/quote.ts";
import { isArray, isNumber, numberText, RegoSet, type RegoValue } from "./value.ts";

/** A value as OPA prints terms: like JSON with blanks, strings as Go literals, sets in braces, everything in order. */
export function printTerm(value: RegoValue): string {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return quoteGo(value);
  if (isNumber(value)) return numberText(value);
  if (value instanceof RegoSet)
    return value.items.length === 0 ? "set()" : `{${sorted(value.items).map(printTerm).join(", ")}}`;
  if (isArray(value)) return `[${value.map(printTerm).join(", ")}]`;
  return `{${sortedEntries(value)
    .map(([key, item]) => `${printTerm(key)}: ${printTerm(item)}`)
    .join(", ")}}`;
}
