import type { LoggedDecision } from "../decision-log/read.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { compare } from "../policy/life/tally.ts";

/** How a decision would be another one. */
export const FLIP_KINDS = ["newly_denied", "newly_allowed", "changed", "error"] as const;
export type FlipKind = (typeof FLIP_KINDS)[number];

/** One decision made again. */
export type Replayed = {
  readonly result: JsonValue | undefined;
  readonly failed: boolean;
  readonly ms: number;
};

/**
 * How two answers differ; undefined when they do not. What was not allowed and now is counts as newly allowed, whatever
 * it was before; what masks changed of the recorded result is compared in neither.
 */
export function flipOf(decision: LoggedDecision, replayed: Replayed): FlipKind | undefined {
  const recorded = { result: without(decision.result, decision.changedResult), failed: false, ms: 0 };
  const now = { ...replayed, result: without(replayed.result, decision.changedResult) };
  const verdict = compare(recorded, now);
  if (verdict === "candidate_error") return "error";
  if (verdict === "live_error") return "changed";
  if (verdict !== "same") return verdict;
  return now.failed ? "error" : undefined;
}

/**
 * The rules that a flip is about: those whose reasons appear or disappear, else those that say something else; the
 * entrypoint where decisions give no reasons.
 */
export function rulesOf(
  entrypoint: string,
  before: JsonValue | undefined,
  now: JsonValue | undefined,
): readonly string[] {
  const [one, other] = [reasonsOf(before), reasonsOf(now)];
  const byCode = differing(one, other, ({ policy, code }) => JSON.stringify([policy, code]));
  const rules = byCode.length > 0 ? byCode : differing(one, other, (reason) => JSON.stringify(reason));
  return rules.length > 0 ? rules : [entrypoint];
}

function differing(
  one: readonly JsonObject[],
  other: readonly JsonObject[],
  keyOf: (reason: JsonObject) => string,
): readonly string[] {
  const [ones, others] = [new Set(one.map(keyOf)), new Set(other.map(keyOf))];
  const found = [...one, ...other].filter((reason) => ones.has(keyOf(reason)) !== others.has(keyOf(reason)));
  return [...new Set(found.flatMap(({ policy }) => (typeof policy === "string" ? [policy] : [])))].sort();
}

function reasonsOf(result: JsonValue | undefined): readonly JsonObject[] {
  const reasons = isJsonObject(result) && Object.hasOwn(result, "reasons") ? result.reasons : undefined;
  return Array.isArray(reasons) ? reasons.filter(isJsonObject) : [];
}

/** A result without what stands at the paths of an event (`/result/token`). */
function without(result: JsonValue | undefined, paths: readonly string[]): JsonValue | undefined {
  return paths.reduce<JsonValue | undefined>(
    (value, path) => (value === undefined ? value : removed(value, path.split("/").slice(2))),
    result,
  );
}

function removed(value: JsonValue, [part, ...rest]: readonly string[]): JsonValue {
  if (part === undefined || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    // An element that was erased has moved the others: the whole list says nothing any more.
    return rest.length === 0
      ? []
      : value.map((each, index) => (String(index) === part ? removed(each, rest) : each));
  }
  const object = value as JsonObject;
  const name = decodeURIComponent(part.replace(/%(?![0-9a-f]{2})/gi, "%25"));
  const kept = Object.entries(object).filter(([member]) => member !== name || rest.length > 0);
  return Object.fromEntries(
    kept.map(([member, inner]) => [member, member === name ? removed(inner, rest) : inner]),
  );
}
