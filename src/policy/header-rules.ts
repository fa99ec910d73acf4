/** RFC 9110, 5.6.2: token. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110, 5.5: no control characters but tab, no blank at either end. Text beyond ASCII is sent as UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is refused.
const VALUE_CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/;

/**
 * Headers that policy can neither set nor remove: they frame the message or its hop, Envoy ignores changes to them
 * silently, or they are Regent's own word about the request.
 */
const RESERVED = new Set([
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "upgrade",
  "x-forwarded-client-cert",
]);
const RESERVED_PREFIXES = ["x-envoy-", "x-regent-"];

/** Why policy may not name this header, or undefined when it may. `name` is in lower case. */
export function headerNameFault(name: string): string | undefined {
  if (!NAME.test(name)) return "is not a legal header name";
  if (RESERVED.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)))
    return "is a header that policy cannot change";
  return undefined;
}

/** Why this text cannot be a header value, or undefined when it can. */
export function headerValueFault(value: string): string | undefined {
  if (VALUE_CONTROL.test(value)) return "holds a control character";
  if (value !== value.trim()) return "begins or ends with a blank";
  if (!value.isWellFormed()) return "is not well-formed text";
  return undefined;
}
