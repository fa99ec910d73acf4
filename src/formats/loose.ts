import type { Answer, Usage } from "../exchange/inference.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { scanStructure } from "../wire/json/index.ts";
import { RESPONSE_BYTES_MAX } from "./bounds.ts";

/** What an upstream sends is read loosely: the client gets its bytes in any case. */
export function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** The JSON object that a whole answer is, or why it is none. */
export function parseAnswer(body: Buffer): { readonly object: JsonObject } | { readonly invalid: string } {
  if (body.length > RESPONSE_BYTES_MAX) return { invalid: `body is larger than ${RESPONSE_BYTES_MAX} bytes` };
  const value = parse(body.toString("utf8"));
  if (value === undefined) return { invalid: "body is not JSON" };
  return isJsonObject(value) ? { object: value } : { invalid: "body is not a JSON object" };
}

/**
 * Nesting of the arguments of one call. Schemas of functions stay below ten, and whatever the arguments stand in, all of it
 * is nested less deep than requests may be. Some thousands of brackets parse, and cannot be written down again.
 */
export const ARGUMENTS_DEPTH_MAX = 48;

/** The arguments of a tool call: the JSON value where the text is one that is not nested too deep, else the text. */
export function parsedArguments(text: string): unknown {
  if (shallowKeys(text) === undefined) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** How many keys are written in a text that is JSON; undefined for one that is nested deeper than {@link ARGUMENTS_DEPTH_MAX}. */
export function shallowKeys(text: string): number | undefined {
  return scanStructure(text, SHALLOW)?.keys;
}

const SHALLOW = { depthMax: ARGUMENTS_DEPTH_MAX, containersMax: Infinity, valuesMax: Infinity };

/** Arguments that were sent as JSON instead of as text. What is nested too deep to be written down is no text. */
export function argumentsText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return "";
    throw error;
  }
}

/** A token count: a whole number from zero up. Anything else counts as not reported. */
export function count(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** A member of what may be an object. */
export function member(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) ? value[key] : undefined;
}

/** Not reported is no member, so that merging cannot replace a count by nothing. */
export function reportedUsage(usage: { [K in keyof Usage]-?: number | undefined }): Usage {
  return Object.fromEntries(Object.entries(usage).filter(([, value]) => value !== undefined));
}

/** Several reports in one stream are running totals: the later one replaces the earlier, count by count. */
export function mergeUsage(earlier: Usage | undefined, later: Usage | undefined): Usage | undefined {
  return earlier === undefined || later === undefined ? (later ?? earlier) : { ...earlier, ...later };
}

/**
 * {@link Answer.whole} of a dialect whose counts are all tokens: needed only where a part was counted.
 *
 * @param isCounted whether nothing was written since the answer was counted
 */
export function partlyCounted(isCounted: boolean, usage: Usage | undefined): Pick<Answer, "whole"> {
  if (isCounted || usage?.output === undefined) return {};
  return { whole: { input: usage.input ?? 0, output: undefined } };
}

/** The texts that are there, put together; undefined when there is none. */
export function joined(texts: readonly (string | undefined)[]): string | undefined {
  const there = texts.filter((text) => text !== undefined);
  return there.length === 0 ? undefined : there.join("");
}
