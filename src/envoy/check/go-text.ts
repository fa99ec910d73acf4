/**
 * Texts as Go reads and writes them, because policies written for opa-envoy-plugin see what Go made of a request.
 */
import { isUtf8 } from "node:buffer";
import { RequestParseError } from "./request-parse-error.ts";

/** Parameters of one query or form; Go stops here too (GODEBUG urlmaxqueryparams). */
export const QUERY_PARAMETERS_MAX = 10_000;

const REPLACEMENT = "\ufffd";

/** Bytes as text; every single byte that is no part of a UTF-8 character becomes U+FFFD, as Go's range over a string. */
export function textOfUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString("utf8");
  let text = "";
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    text += length === 0 ? REPLACEMENT : bytes.toString("utf8", at, at + length);
    at += Math.max(length, 1);
  }
  return text;
}

/** Bytes of the well-formed character at a place; 0 when there is none (Unicode, table 3-7). */
function characterLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  return length !== 0 && at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0;
}

/** Without the white space of ASCII in front. JavaScript's own would take 0xA0 of a text of bytes for a space. */
export function trimStart(text: string): string {
  let start = 0;
  while (start < text.length && ASCII_SPACES.includes(text[start] ?? "")) start++;
  return text.slice(start);
}

/** Without the white space of ASCII behind. */
export function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && ASCII_SPACES.includes(text[end - 1] ?? "")) end--;
  return text.slice(0, end);
}

export function trim(text: string): string {
  return trimStart(trimEnd(text));
}

const ASCII_SPACES = " \t\r\n\v\f";

/** `url.PathUnescape`. @throws RequestParseError */
export function unescapePath(text: string): string {
  return text.includes("%") ? unescapePercent(text) : text;
}

/** `url.ParseQuery`: values by name, in order. @throws RequestParseError */
export function parseQuery(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  const pieces = text.split("&");
  if (pieces.length > QUERY_PARAMETERS_MAX) {
    throw new RequestParseError("number of URL query parameters exceeded limit");
  }
  for (const piece of pieces) {
    if (piece.includes(";")) throw new RequestParseError("invalid semicolon separator in query");
    if (piece === "") continue;
    const equals = piece.indexOf("=");
    const name = unescapeQuery(equals === -1 ? piece : piece.slice(0, equals));
    const value = equals === -1 ? "" : unescapeQuery(piece.slice(equals + 1));
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function unescapeQuery(text: string): string {
  const spaced = text.replaceAll("+", " ");
  return spaced.includes("%") ? unescapePercent(spaced) : spaced;
}

function unescapePercent(text: string): string {
  const bytes = Buffer.from(text, "utf8");
  const plain = Buffer.allocUnsafe(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === PERCENT) {
      const high = hexDigit(bytes[at + 1]);
      const low = hexDigit(bytes[at + 2]);
      if (high === undefined || low === undefined) {
        const invalid = textOfUtf8(bytes.subarray(at, at + 3));
        throw new RequestParseError(`invalid URL escape ${JSON.stringify(invalid)}`);
      }
      byte = 16 * high + low;
      at += 2;
    }
    plain[length++] = byte;
  }
  return textOfUtf8(plain.subarray(0, length));
}

const PERCENT = 0x25;

/** Value of an ASCII hexadecimal digit. */
export function hexDigit(code: number | undefined): number | undefined {
  if (code === undefined) return undefined;
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : undefined;
}

/** `strconv.ParseInt(text, 10, 64)`. @throws RequestParseError */
export function parseInt64(text: string): bigint {
  const fault = (why: string) =>
    new RequestParseError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  const digits = text.startsWith("+") || text.startsWith("-") ? text.slice(1) : text;
  if (digits === "" || ![...digits].every((digit) => digit >= "0" && digit <= "9"))
    throw fault("invalid syntax");
  // Far longer than 64 bits: not worth the work.
  const value = digits.length > 100 ? INT64_MAX + 1n : BigInt(digits);
  const signed = text.startsWith("-") ? -value : value;
  if (signed > INT64_MAX || signed < -INT64_MAX - 1n) throw fault("value out of range");
  return signed;
}

const INT64_MAX = 2n ** 63n - 1n;

/** A finite double as `strconv.FormatFloat(value, 'g', -1, 64)` writes it: `1.7e+09`, `1e-07`, `100000`. */
export function goNumber(value: number): string {
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [digits = "", power = "0"] = value.toExponential().split("e");
  const exponent = Number(power);
  // 'g' with the shortest digits writes no exponent between 1e-4 and 1e6; so does JavaScript there.
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
