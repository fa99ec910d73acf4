import { isJsonObject, type JsonValue } from "../../exchange/json.ts";

/** What a decision comes to, whatever its form. */
export type Outcome = "allow" | "deny" | "error";

/**
 * Reads the outcome of a governance decision (`allow`), of one in the form of opa-envoy-plugin (`allowed`), of a package
 * whose rule `allow` is such a one, or of a bare boolean. Whatever is none of these, and a denial because of a fault of the policy itself, is an error.
 */
export function outcomeOf(result: JsonValue | undefined): Outcome {
  const verdict = verdictOf(result);
  if (typeof verdict !== "boolean") return "error";
  if (verdict) return "allow";
  return reasonsOf(result).some(({ kind }) => kind === "internal") ? "error" : "deny";
}

function verdictOf(result: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(result)) return result;
  const { allow = result.allowed } = result;
  return isJsonObject(allow) ? allow.allowed : allow;
}

/** The codes of the reasons, those of warnings included, in their order. */
export function codesOf(result: JsonValue | undefined): readonly string[] {
  return reasonsOf(result).flatMap(({ code }) => (typeof code === "string" ? [code] : []));
}

function reasonsOf(result: JsonValue | undefined): readonly { kind?: JsonValue; code?: JsonValue }[] {
  const reasons = isJsonObject(result) ? result.reasons : undefined;
  return Array.isArray(reasons) ? reasons.filter(isJsonObject) : [];
}
