/** What can be said of header fields wherever they are to be changed (RFC 9110 section 5). */

/** Section 5.1: a token. The colon of pseudo-headers is not among its characters. */
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Section 5.5: no control characters but tab, those behind DEL included. Text beyond ASCII is sent as UTF-8. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is looked for.
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/;

/**
 * Fields that say how a message is framed or where it goes. Envoy drops a change to some without a word and carries
 * others to the upstream as they stand (`transfer-encoding` among them), so none of them may be changed.
 */
const FRAMING: ReadonlySet<string> = new Set([
  "host",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "proxy-connection",
  "upgrade",
  "te",
  "trailer",
  "expect",
]);

export function isHeaderName(name: string): boolean {
  return NAME.test(name);
}

export function hasControlCharacter(value: string): boolean {
  return CONTROL.test(value);
}

/** Whether a header is about the connection or Envoy's own, and not the message's. `name` is in lower case. */
export function isHopHeader(name: string): boolean {
  return FRAMING.has(name) || name.startsWith("x-envoy-");
}
