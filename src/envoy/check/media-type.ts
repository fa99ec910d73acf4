import { hexDigit, textOfUtf8, trim, trimStart } from "./go-text.ts";
import { RequestParseError } from "./request-parse-error.ts";

export type MediaType = {
  /** In lower case. */
  readonly type: string;
  /** By name in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
};

/**
 * `mime.ParseMediaType`: `multipart/form-data; boundary=x`, `form-data; name="a"`, with the encodings of RFC 2231. The
 * text holds one byte a character; values come out as text.
 * @throws RequestParseError
 */
export function parseMediaType(text: string): MediaType {
  const semicolon = text.indexOf(";");
  const base = semicolon === -1 ? text : text.slice(0, semicolon);
  const type = trim(base).toLowerCase();
  assertType(type);
  const plain = new Map<string, string>();
  const pieces = new Map<string, Map<string, string>>();
  for (let rest = trimStart(text.slice(base.length)); rest !== ""; ) {
    const parameter = consumeParameter(rest);
    if (parameter === undefined) {
      if (trim(rest) === ";") break;
      throw new RequestParseError("mime: invalid media parameter");
    }
    const { name, value } = parameter;
    const star = name.indexOf("*");
    const into = star === -1 ? plain : piecesOf(pieces, name.slice(0, star));
    const known = into.get(name);
    if (known !== undefined && known !== value) throw new RequestParseError("mime: duplicate parameter name");
    into.set(name, value);
    rest = trimStart(parameter.rest);
  }
  const parameters = new Map([...plain].map(([name, value]) => [name, textOfBinary(value)]));
  for (const [name, parts] of pieces) {
    const joined = joinPieces(name, parts);
    if (joined !== undefined) parameters.set(name, joined);
  }
  return { type, parameters };
}

/** Bytes held one a character, as text. */
export function textOfBinary(binary: string): string {
  return textOfUtf8(Buffer.from(binary, "latin1"));
}

function piecesOf(pieces: Map<string, Map<string, string>>, name: string): Map<string, string> {
  const known = pieces.get(name) ?? new Map<string, string>();
  pieces.set(name, known);
  return known;
}

function assertType(type: string): void {
  const first = consumeToken(type);
  if (first === "") throw new RequestParseError("mime: no media type");
  if (first === type) return;
  if (type[first.length] !== "/") throw new RequestParseError("mime: expected slash after first token");
  const second = consumeToken(type.slice(first.length + 1));
  if (second === "") throw new RequestParseError("mime: expected token after slash");
  if (first.length + 1 + second.length !== type.length) {
    throw new RequestParseError("mime: unexpected content after media subtype");
  }
}

type Parameter = { readonly name: string; readonly value: string; readonly rest: string };

function consumeParameter(text: string): Parameter | undefined {
  if (!text.startsWith(";")) return undefined;
  const afterSemicolon = trimStart(text.slice(1));
  const name = consumeToken(afterSemicolon);
  const afterName = trimStart(afterSemicolon.slice(name.length));
  if (name === "" || !afterName.startsWith("=")) return undefined;
  const afterEquals = trimStart(afterName.slice(1));
  const quoted = afterEquals.startsWith('"') ? consumeQuoted(afterEquals) : undefined;
  const token = quoted === undefined ? consumeToken(afterEquals) : "";
  if (quoted !== undefined) return { name: name.toLowerCase(), ...quoted };
  return token === ""
    ? undefined
    : { name: name.toLowerCase(), value: token, rest: afterEquals.slice(token.length) };
}

/** A backslash escapes special characters only: old browsers send `C:\dir` without escaping it. */
function consumeQuoted(text: string): { value: string; rest: string } | undefined {
  let value = "";
  for (let at = 1; at < text.length; at++) {
    const character = text[at] ?? "";
    if (character === '"') return { value, rest: text.slice(at + 1) };
    if (character === "\r" || character === "\n") return undefined;
    const next = text[at + 1];
    if (character === "\\" && next !== undefined && SPECIALS.has(next)) {
      value += next;
      at++;
    } else value += character;
  }
  return undefined;
}

const SPECIALS: ReadonlySet<string> = new Set('()<>@,;:\\"/[]?=');

/** The token at the start of a text (RFC 2045 section 5.1), empty when there is none. */
function consumeToken(text: string): string {
  let end = 0;
  while (end < text.length && isTokenCharacter(text[end] ?? "")) end++;
  return text.slice(0, end);
}

function isTokenCharacter(character: string): boolean {
  return character > " " && character < "\x7f" && !SPECIALS.has(character);
}

/** `name*`, or `name*0`, `name*1*` and so on (RFC 2231 sections 3 and 4). */
function joinPieces(name: string, parts: ReadonlyMap<string, string>): string | undefined {
  const whole = parts.get(`${name}*`);
  if (whole !== undefined) return decodeExtended(whole);
  let joined = "";
  let valid = false;
  for (let index = 0; ; index++) {
    const simple = parts.get(`${name}*${index}`);
    const encoded = parts.get(`${name}*${index}*`);
    if (simple === undefined && encoded === undefined) return valid ? joined : undefined;
    valid = true;
    if (simple !== undefined) joined += textOfBinary(simple);
    else joined += (index === 0 ? decodeExtended(encoded ?? "") : decodePercent(encoded ?? "")) ?? "";
  }
}

function decodeExtended(value: string): string | undefined {
  const [charset, language, ...rest] = value.split("'");
  if (charset === undefined || language === undefined || rest.length === 0) return undefined;
  if (!["us-ascii", "utf-8"].includes(charset.toLowerCase())) return undefined;
  return decodePercent(rest.join("'"));
}

function decodePercent(value: string): string | undefined {
  let binary = "";
  for (let at = 0; at < value.length; at++) {
    if (value[at] !== "%") binary += value[at];
    else {
      const high = hexDigit(value.charCodeAt(at + 1));
      const low = hexDigit(value.charCodeAt(at + 2));
      if (high === undefined || low === undefined) return undefined;
      binary += String.fromCharCode(16 * high + low);
      at += 2;
    }
  }
  return textOfBinary(binary);
}
