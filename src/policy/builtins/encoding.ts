import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { sorted } from "./compare.ts";
import { marshalJson } from "./json.ts";
import { objectAt, stringAt } from "./operands.ts";
import { isArray, type RegoObject, RegoSet, type RegoValue } from "./value.ts";

export const encodingBuiltins: readonly HostBuiltin[] = [
  {
    name: "base64url.encode_no_pad",
    call: (args) => Buffer.from(stringAt(args, 0), "utf8").toString("base64url"),
  },
  { name: "hex.encode", call: (args) => Buffer.from(stringAt(args, 0), "utf8").toString("hex") },
  { name: "hex.decode", call: (args) => decodeHex(stringAt(args, 0)) },
  { name: "urlquery.encode", call: (args) => encodeQuery(stringAt(args, 0)) },
  { name: "urlquery.decode", call: (args) => decodeQuery(stringAt(args, 0)) },
  { name: "urlquery.encode_object", call: (args) => encodeQueryObject(objectAt(args, 0)) },
  { name: "urlquery.decode_object", call: (args) => decodeQueryObject(stringAt(args, 0)) },
];

/** Bytes that are not UTF-8 become U+FFFD: a string here cannot hold them. */
function decodeHex(text: string): string {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text))
    throw new BuiltinError("invalid hexadecimal text");
  return Buffer.from(text, "hex").toString("utf8");
}

const BASE64_URL = /^([A-Za-z0-9_-]*)(={0,2})$/;

/** Base64url (RFC 4648, 5) with or without padding, to bytes. Line breaks are passed over, as in Go. */
export function decodeBase64Url(text: string): Buffer {
  const [, digits, padding = ""] = BASE64_URL.exec(text.replace(/[\r\n]/g, "")) ?? [];
  const wrong = digits === undefined || digits.length % 4 === 1;
  if (wrong || (padding !== "" && (digits.length + padding.length) % 4 !== 0))
    throw new BuiltinError("illegal base64url text");
  return Buffer.from(digits, "base64url");
}

/** As Go's url.QueryEscape: everything but letters, digits and `-_.~`; blanks as plus. */
function encodeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}

function decodeQuery(text: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) throw new BuiltinError("invalid URL escape");
  const bytes = text
    .replaceAll("+", " ")
    .replace(/(?:%[0-9a-fA-F]{2})+/g, (run) => Buffer.from(run.replaceAll("%", ""), "hex").toString("utf8"));
  return bytes;
}

function encodeQueryObject(object: RegoObject): string {
  const pairs: string[] = [];
  const names = [...object.keys()].map((key) => (typeof key === "string" ? key : marshalJson(key))).sort();
  const byName = new Map(
    [...object].map(([key, value]) => [typeof key === "string" ? key : marshalJson(key), value]),
  );
  for (const name of names) {
    for (const value of queryValues(byName.get(name) as RegoValue))
      pairs.push(`${encodeQuery(name)}=${encodeQuery(value)}`);
  }
  return pairs.join("&");
}

function queryValues(value: RegoValue): readonly string[] {
  if (typeof value === "string") return [value];
  const items = value instanceof RegoSet ? sorted(value.items) : isArray(value) ? value : undefined;
  if (items === undefined || !items.every((item) => typeof item === "string"))
    throw new BuiltinError("values must be string, array[string], or set[string]");
  return items as readonly string[];
}

function decodeQueryObject(query: string): RegoObject {
  const values = new Map<RegoValue, RegoValue[]>();
  for (const part of query.split("&")) {
    if (part === "") continue;
    if (part.includes(";")) throw new BuiltinError("invalid semicolon separator in query");
    const equals = part.indexOf("=");
    const name = decodeQuery(equals === -1 ? part : part.slice(0, equals));
    const value = equals === -1 ? "" : decodeQuery(part.slice(equals + 1));
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [value]);
    else earlier.push(value);
  }
  return values;
}
