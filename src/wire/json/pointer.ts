/**
 * RFC 6901 pointers, with one addition: a pointer that ends in `~#` names the key of a member instead of its value. No
 * RFC 6901 pointer can end so, because there `~` is only followed by 0 or 1. Text hides in keys as well as in values.
 */
const KEY_MARK = "~#";

export type Pointer = { readonly tokens: readonly string[]; readonly isKey: boolean };

/** Undefined when the text is no pointer. The key of the root does not exist. */
export function parsePointer(text: string): Pointer | undefined {
  if (text === "") return { tokens: [], isKey: false };
  if (!text.startsWith("/")) return undefined;
  const isKey = text.endsWith(KEY_MARK);
  const tokens = (isKey ? text.slice(0, -KEY_MARK.length) : text).slice(1).split("/");
  for (const [index, token] of tokens.entries()) {
    if (!token.includes("~")) continue;
    if (/~(?![01])/.test(token)) return undefined;
    tokens[index] = token.replaceAll("~1", "/").replaceAll("~0", "~");
  }
  return { tokens, isKey };
}

/** One step of a pointer, escaped. */
export function pointerToken(key: string): string {
  return key.includes("~") || key.includes("/") ? key.replaceAll("~", "~0").replaceAll("/", "~1") : key;
}

/** The pointer to the key of the member that `pointer` names. */
export function keyPointer(pointer: string): string {
  return `${pointer}${KEY_MARK}`;
}

/** The index that a token names in an array, -1 when it names none. */
export function arrayIndex(token: string): number {
  if (token === "0") return 0;
  return /^[1-9][0-9]{0,8}$/.test(token) ? Number(token) : -1;
}
