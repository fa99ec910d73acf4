import { RegentError } from "../exchange/errors.ts";
import { type Headers, headerValues } from "../exchange/headers.ts";

/** Headers in which a client may send its key. */
const AUTHORIZATION = "authorization";
const API_KEY = "x-api-key";
/** Where Google's clients put it. */
const GOOGLE_API_KEY = "x-goog-api-key";

/** token68 of RFC 9110, section 11.2: what a bearer token may consist of. */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;

/**
 * The API key that a request carries; undefined when it carries none. It is sent once, as `authorization: Bearer KEY`,
 * as `x-api-key: KEY` or as `x-goog-api-key: KEY`. Two of them are refused even when they are equal: which one counts is
 * what two readers of one request come to disagree about.
 *
 * @throws RegentError credentials_ambiguous for a repeated header, two of the headers, or several words in one value
 *   (ext_authz shows repeated headers as one value joined by commas)
 * @throws RegentError credentials_invalid for an empty or ill-formed key, or another scheme than Bearer
 */
export function presentedKey(headers: Headers): string | undefined {
  const authorization = headerValues(headers, AUTHORIZATION);
  const apiKey = [...headerValues(headers, API_KEY), ...headerValues(headers, GOOGLE_API_KEY)];
  if (authorization.length + apiKey.length > 1) throw new RegentError("credentials_ambiguous");
  if (authorization[0] !== undefined) return bearerToken(authorization[0]);
  if (apiKey[0] !== undefined) return oneToken(apiKey[0]);
  return undefined;
}

function bearerToken(value: string): string {
  const scheme = /^ *bearer(?: +|$)/i.exec(value)?.[0];
  if (scheme === undefined) {
    if (value.includes(",")) throw new RegentError("credentials_ambiguous");
    throw new RegentError("credentials_invalid", "The authorization header must be: Bearer KEY.");
  }
  return oneToken(value.slice(scheme.length));
}

function oneToken(value: string): string {
  const text = value.trim();
  if (/[\s,]/.test(text)) throw new RegentError("credentials_ambiguous");
  if (!TOKEN.test(text)) throw new RegentError("credentials_invalid");
  return text;
}
