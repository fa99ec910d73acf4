import type { TranslationWarning } from "../../translation/index.ts";

/** Warnings that the record of one exchange keeps: a body may have a member to lose in each of thousands of messages. */
export const WARNINGS_MAX = 100;
/** Characters of a pointer that are kept: its names are the client's. */
export const POINTER_CHARS_MAX = 200;
/** What stands at the end of a list that was cut. */
const MORE = "more";

/** Collects what a translation loses, each once. */
export type Warnings = {
  readonly list: string[];
  add(warning: TranslationWarning): void;
};

export function collectWarnings(): Warnings {
  const seen = new Set<string>();
  const list: string[] = [];
  return {
    list,
    add({ code, member }) {
      if (list.length > WARNINGS_MAX) return;
      const word = `${code}:${plainPointer(member)}`;
      if (seen.has(word)) return;
      seen.add(word);
      list.push(list.length === WARNINGS_MAX ? MORE : word);
    },
  };
}

/**
 * A pointer for a header and a record: what is not plain ASCII, and the comma that separates entries, is percent-encoded
 * as UTF-8 (RFC 6901 section 6 does the same for URIs).
 */
function plainPointer(pointer: string): string {
  const cut = pointer.length > POINTER_CHARS_MAX ? `${pointer.slice(0, POINTER_CHARS_MAX)}...` : pointer;
  return cut.toWellFormed().replaceAll(/[^!-~]|[,%]/gu, percentEncoded);
}

function percentEncoded(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`)
    .join("");
}
