/** The formats that OPA's gojsonschema knows. Any other is no demand. */
import { BuiltinError } from "../builtin.ts";
import { parseTime, TimeParseError } from "../go/time-parse.ts";
import { parseUrl, type Url, UrlParseError } from "../go/url.ts";
import { parseAddress } from "../ip.ts";
import { compile } from "../regex.ts";

/** Whether a text has a format; true for a format that is not known. */
export function hasFormat(format: string, text: string): boolean {
  return FORMATS.get(format)?.(text) ?? true;
}

const TIMES = ["15:04:05", "15:04:05Z07:00"];
const DATE = "2006-01-02";
const RFC3339 = "2006-01-02T15:04:05Z07:00";

const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["date", (text: string) => isTime(text, [DATE])],
  ["time", (text: string) => isTime(text, TIMES)],
  ["date-time", (text: string) => isTime(text, [...TIMES, DATE, RFC3339])],
  ["hostname", isHostname],
  ["email", isEmail],
  ["idn-email", isEmail],
  ["ipv4", (text: string) => text.includes(".") && parseAddress(text) !== undefined],
  ["ipv6", (text: string) => text.includes(":") && parseAddress(text) !== undefined],
  ["uri", isUri],
  ["iri", isUri],
  ["uri-reference", isUriReference],
  ["iri-reference", isUriReference],
  ["uri-template", isUriTemplate],
  ["uuid", (text: string) => /^[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12}$/i.test(text)],
  ["regex", isRegex],
  ["json-pointer", isJsonPointer],
  ["relative-json-pointer", isRelativeJsonPointer],
]);

function isTime(text: string, layouts: readonly string[]): boolean {
  return layouts.some((layout) => {
    try {
      parseTime(layout, text);
      return true;
    } catch (error) {
      if (error instanceof TimeParseError) return false;
      throw error;
    }
  });
}

function isHostname(text: string): boolean {
  const isLabel = (label: string): boolean => /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(label);
  return text.length < 256 && text.split(".").every(isLabel);
}

function urlOf(text: string): Url | undefined {
  try {
    return text.includes("\\") ? undefined : parseUrl(text);
  } catch (error) {
    if (error instanceof UrlParseError) return undefined;
    throw error;
  }
}

function isUri(text: string): boolean {
  const url = urlOf(text);
  return url !== undefined && url.scheme !== "";
}

function isUriReference(text: string): boolean {
  return urlOf(text) !== undefined;
}

/** Every brace that is opened is closed. */
function isUriTemplate(text: string): boolean {
  const path = urlOf(text)?.path;
  if (path === undefined) return false;
  return path.lastIndexOf("{") <= path.lastIndexOf("}");
}

function isRegex(text: string): boolean {
  try {
    compile(text);
    return true;
  } catch (error) {
    if (error instanceof BuiltinError) return false;
    throw error;
  }
}

function isJsonPointer(text: string): boolean {
  return text === "" || (text.startsWith("/") && !/~(?![01])/.test(text));
}

function isRelativeJsonPointer(text: string): boolean {
  const [, rest] = /^(?:0|[1-9][0-9]*)(.*)$/s.exec(text) ?? [];
  return rest !== undefined && (rest === "#" || isJsonPointer(rest));
}

/** Characters of a word in an address (RFC 5322, 3.2.3), and all beyond ASCII (RFC 6532). */
const ATOM = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~\\u0080-\\uffff]+";
const DOMAIN = `(?:${ATOM}(?:\\.${ATOM})*|\\[[!-Z^-~]*\\])`;
const ADDRESS = new RegExp(`^(?:${ATOM}(?:\\.${ATOM})*|"(?:[^"\\\\\\r\\n]|\\\\.)*")@${DOMAIN}$`);
const NAMED = /^(?:[^<>@,;:"]*|\s*"[^"\\]*"\s*)<([^<>]*)>\s*$/;

/** A mailbox (RFC 5322, 3.4), perhaps with a name in front of it or a comment behind it. */
function isEmail(text: string): boolean {
  const trimmed = withoutComment(text.trim());
  const address = NAMED.exec(trimmed)?.[1] ?? trimmed;
  return ADDRESS.test(address);
}

function withoutComment(text: string): string {
  return text.endsWith(")") ? text.slice(0, Math.max(text.lastIndexOf("("), 0)).trimEnd() : text;
}
