import type { JsonValue } from "../../exchange/json.ts";

/** Bytes of text, reasoning and arguments that are kept of one answer: some two million tokens, more than models give. */
export const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/** Calls of one answer, all choices together, that are kept apart. Models make a handful at once. */
export const TOOL_CALLS_MAX = 1024;

/**
 * Characters that are kept of a word that an upstream chose: the name of a model or tool, the id of a call, the reason
 * to finish. They stay in memory as long as the stream is open, and some go into the record.
 */
export const WORD_CHARS_MAX = 256;

/** A word as far as it is kept: a copy, because a slice would keep all of the text it was cut from. */
export function keptWord(word: string): string {
  return word.length <= WORD_CHARS_MAX ? word : Buffer.from(word.slice(0, WORD_CHARS_MAX)).toString();
}

/** Some servers send the arguments as JSON instead of as text. What is nested too deep to be written down is no text. */
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

/** Arguments as the JSON value that they spell, else as the text they are. */
export function parsedArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
