import type { FinishKind } from "../finish.ts";

/**
 * `finishReason` in the order of its numbers, which clients may ask for in the place of names
 * (https://github.com/googleapis/googleapis, google/cloud/aiplatform/v1/content.proto and
 * google/ai/generativelanguage/v1beta/generative_service.proto, which agree up to 5).
 */
const NUMBERED: readonly string[] = [
  "FINISH_REASON_UNSPECIFIED",
  "STOP",
  "MAX_TOKENS",
  "SAFETY",
  "RECITATION",
  "OTHER",
];

const FILTERS = `SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR LANGUAGE IMAGE_SAFETY
  IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION JAILBREAK`.split(/\s+/);

const FINISH_KINDS: ReadonlyMap<string, FinishKind> = new Map([
  ["STOP", "stop"],
  ["MAX_TOKENS", "length"],
  ["CONTINUATION", "pause"],
  ...FILTERS.map((reason) => [reason, "content_filter"] as const),
]);

/** The name of a reason that came as a number; numbers that mean different things in two APIs stay numbers. */
export function finishName(reason: string | number): string {
  return typeof reason === "string" ? reason : (NUMBERED[reason] ?? String(reason));
}

/**
 * What a reason to finish means.
 *
 * @param callsTools whether there are calls for the client to run: their answers end with `STOP` too
 */
export function finishKind(reason: string, callsTools: boolean): FinishKind {
  const kind = FINISH_KINDS.get(reason) ?? "other";
  return kind === "stop" && callsTools ? "tool_calls" : kind;
}
