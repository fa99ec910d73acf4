import { BuiltinError } from "./builtin.ts";
import { decodeBase64Url } from "./encoding.ts";
import { parseJson } from "./json-text.ts";
import { isArray, isObject, type RegoObject, type RegoValue } from "./value.ts";

/** The three parts of a JWS in compact form (RFC 7515, 7.1), still encoded. */
export type Token = { readonly header: string; readonly payload: string; readonly signature: string };

/** @throws BuiltinError when it has not three parts. */
export function splitToken(text: string): Token {
  const parts = text.split(".");
  const [header = "", payload = "", signature = ""] = parts;
  if (parts.length !== 3) throw new BuiltinError(`encoded JWT must have 3 sections, found ${parts.length}`);
  return { header, payload, signature };
}

/** What is signed. */
export function signedText({ header, payload }: Token): string {
  return `${header}.${payload}`;
}

/** The header, which must be an object and not that of an encrypted token. @throws BuiltinError */
export function decodeHeader({ header }: Token): RegoObject {
  const decoded = decodeObject(header);
  if (decoded.has("enc")) throw new BuiltinError("JWT is a JWE object, which is not supported");
  return decoded;
}

/** A part that holds a JSON object. @throws BuiltinError */
export function decodeObject(part: string): RegoObject {
  return parseObject(decodeBase64Url(part).toString("utf8"));
}

export function parseObject(text: string): RegoObject {
  const value = parseJson(text);
  if (!isObject(value)) throw new BuiltinError("decoded JSON type was not an Object");
  return value;
}

/** The registered header parameters that verification looks at. */
export type HeaderFields = {
  readonly alg: string;
  readonly kid: string;
  readonly cty: string;
  readonly critical: boolean;
};

const KNOWN_PARAMETERS = new Set(["alg", "kid", "typ", "cty", "crit"]);

/** @throws BuiltinError when a registered parameter has a wrong type. */
export function readHeader(header: RegoObject): HeaderFields {
  const text = (name: string): string => {
    const value = header.get(name) ?? "";
    if (typeof value !== "string") throw new BuiltinError(`${name}: must be a string`);
    return value;
  };
  text("typ");
  const critical = criticalParameters(header.get("crit"));
  return {
    alg: text("alg"),
    kid: text("kid"),
    cty: text("cty"),
    critical: [...header.keys()].some((name) => !KNOWN_PARAMETERS.has(String(name)) && critical.has(name)),
  };
}

function criticalParameters(crit: RegoValue | undefined): ReadonlySet<RegoValue> {
  if (crit === undefined) return new Set();
  if (!isArray(crit) || !crit.some((name) => typeof name === "string"))
    throw new BuiltinError("crit: must be a nonempty list of strings");
  return new Set(crit);
}
