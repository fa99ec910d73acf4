import { hasControlCharacter, isHeaderName, isHopHeader } from "../exchange/header-rules.ts";

/** What policy can neither set nor remove beside the headers of the hop: the length of the body, who the caller is. */
const RESERVED: ReadonlySet<string> = new Set(["content-length", "x-forwarded-client-cert"]);
/** Regent's own word about the request. */
const RESERVED_PREFIX = "x-regent-";

/** Why policy may not name this header, or undefined when it may. `name` is in lower case. */
export function headerNameFault(name: string): string | undefined {
  if (!isHeaderName(name)) return "is not a legal header name";
  if (isHopHeader(name) || RESERVED.has(name) || name.startsWith(RESERVED_PREFIX))
    return "is a header that policy cannot change";
  return undefined;
}

/** Why this text cannot be a header value, or undefined when it can. */
export function headerValueFault(value: string): string | undefined {
  if (hasControlCharacter(value)) return "holds a control character";
  if (value !== value.trim()) return "begins or ends with a blank";
  if (!value.isWellFormed()) return "is not well-formed text";
  return undefined;
}
