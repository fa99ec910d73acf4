import { BuiltinError } from "../builtin.ts";
import { trimEnd } from "../trim.ts";

export type PemBlock = { readonly type: string; readonly bytes: Buffer };

/**
 * The first PEM block (RFC 7468) in a text and what follows it; undefined when there is none. Text around blocks and
 * blocks that cannot be read are passed over, and blanks inside the base64 do not count, as in Go.
 */
export function decodePem(text: string): { readonly block: PemBlock; readonly rest: string } | undefined {
  for (let from = 0; ; ) {
    const end = text.indexOf("\n-----END ", from);
    if (end === -1) return undefined;
    // Only what was not looked at yet: a text of nothing but ends must not be searched again for each of them.
    const begin = text.slice(from, end).lastIndexOf("-----BEGIN ");
    const atLineStart = begin === 0 || (begin > 0 && text[from + begin - 1] === "\n");
    const found = atLineStart ? blockAt(text, from + begin, end) : undefined;
    if (found !== undefined) return found;
    from = end + 1;
  }
}

/** All blocks of a text, in order. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let found = decodePem(text); found !== undefined; found = decodePem(found.rest))
    blocks.push(found.block);
  return blocks;
}

const END_OF_LINE = /\n|$/g;

/** A line without its end and the blanks there, and where the next one begins. */
function lineAt(text: string, at: number): { readonly line: string; readonly next: number } {
  END_OF_LINE.lastIndex = at;
  const end = END_OF_LINE.exec(text)?.index ?? text.length;
  return { line: trimEnd(text.slice(at, end), " \t\r"), next: Math.min(end + 1, text.length) };
}

function blockAt(
  text: string,
  begin: number,
  end: number,
): { readonly block: PemBlock; readonly rest: string } | undefined {
  const first = lineAt(text, begin + "-----BEGIN ".length);
  if (!first.line.endsWith("-----")) return undefined;
  const type = first.line.slice(0, -5);
  const last = lineAt(text, end + 1);
  if (last.line !== `-----END ${type}-----`) return undefined;
  const body = bodyAfterHeaders(text, first.next, end);
  const bytes = body === undefined ? undefined : decodeBase64(body.replace(/[ \t]/g, ""));
  return bytes === undefined ? undefined : { block: { type, bytes }, rest: text.slice(last.next) };
}

/** Headers are lines with a colon, which base64 has not. */
function bodyAfterHeaders(text: string, start: number, end: number): string | undefined {
  let at = start;
  while (at <= end) {
    const { line, next } = lineAt(text, at);
    if (!line.includes(":")) return text.slice(at, end);
    at = next;
  }
  return at === start ? "" : undefined;
}

const BASE64 = /^([A-Za-z0-9+/]*)(={0,2})$/;

/** Base64 (RFC 4648, 4) with its padding, line breaks passed over; undefined for anything else. */
export function decodeBase64(text: string): Buffer | undefined {
  const plain = text.replace(/[\r\n]/g, "");
  const match = BASE64.exec(plain);
  return match === null || plain.length % 4 !== 0 ? undefined : Buffer.from(plain, "base64");
}

/** The same, an error where it is not base64. @throws BuiltinError */
export function requireBase64(text: string): Buffer {
  const bytes = decodeBase64(text);
  if (bytes === undefined) throw new BuiltinError("illegal base64 data");
  return bytes;
}
