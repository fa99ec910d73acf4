/** What every dialect bounds alike. A dialect's own counts are in its folder. */

/** Characters of a model name. The longest in use, paths of fine-tuned models, stay below 150. */
export const MODEL_NAME_CHARS_MAX = 256;

/**
 * The largest whole answer that is parsed: `JSON.parse` takes some 20 ms for it, and holds up every other exchange so
 * long. A larger one passes unread.
 */
export const RESPONSE_BYTES_MAX = 8 * 1024 * 1024;

/** Calls of one answer, all choices together, that are kept apart. Models make a handful at once. */
export const TOOL_CALLS_MAX = 1024;

/** Bytes of text, reasoning and arguments that are kept of one answer: some two million tokens, more than models give. */
export const KEPT_BYTES_MAX = 8 * 1024 * 1024;

/**
 * Characters that are kept of a word that an upstream chose: the name of a model or tool, the id of a call, the reason
 * to finish. They stay in memory as long as the stream is open, and some go into the record.
 */
export const WORD_CHARS_MAX = 256;

/** A word as far as it is kept: a copy, because a slice would keep all of the text it was cut from. */
export function keptWord(word: string): string {
  return word.length <= WORD_CHARS_MAX ? word : Buffer.from(word.slice(0, WORD_CHARS_MAX)).toString();
}
