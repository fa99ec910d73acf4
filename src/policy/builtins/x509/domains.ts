/** Names of hosts and mailboxes as Go's crypto/x509 judges them. */

/** Whether a text may be a domain: labels of visible characters, none empty, no dot at the end. Empty is one too. */
export function isDomain(
  text: string,
  { leadingDot = false }: { readonly leadingDot?: boolean } = {},
): boolean {
  if (text === "") return true;
  if (text.endsWith(".")) return false;
  const labels = (leadingDot && text.startsWith(".") ? text.slice(1) : text).split(".");
  return labels.every((label) => /^[!-~]+$/.test(label));
}

export type Mailbox = { readonly local: string; readonly domain: string };

const QUOTED = /^"((?:[^\t\n\r"\\\u0080-\uffff]|\\[^\n\r\u0080-\uffff])*)"@(.*)$/s;
const PLAIN = /^((?:[0-9A-Za-z!#$%&'*+\-/=?^_`{|}~.]|\\.)+)@(.*)$/s;

/** A mailbox (RFC 2821, 4.1.2); undefined for a text that is none. */
export function parseMailbox(text: string): Mailbox | undefined {
  const quoted = text.startsWith('"');
  const [, written, domain] = (quoted ? QUOTED : PLAIN).exec(text) ?? [];
  // No text may hold a zero.
  if (written === undefined || written.includes("\0") || domain === undefined || !isDomain(domain))
    return undefined;
  const local = written.replace(/\\(.)/gs, "$1");
  if (!quoted && (local.startsWith(".") || local.endsWith(".") || local.includes(".."))) return undefined;
  return { local, domain };
}

/** Letters of ASCII in lower case, and no others. */
export function lowerAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether a name of a certificate is that of a host. A star stands for one whole label at the front. */
export function matchesHost(pattern: string, host: string): boolean {
  const wanted = lowerAscii(host);
  if (!isHostname(wanted, false) || !isHostname(pattern, true))
    return !["", "."].includes(pattern) && !["", "."].includes(wanted) && lowerAscii(pattern) === wanted;
  const parts = wanted.replace(/\.$/, "").split(".");
  const patternParts = lowerAscii(pattern).split(".");
  return (
    parts.length === patternParts.length &&
    patternParts.every((part, index) => (index === 0 && part === "*") || part === parts[index])
  );
}

function isHostname(text: string, isPattern: boolean): boolean {
  const host = isPattern ? text : text.replace(/\.$/, "");
  if (host === "" || host === "*") return false;
  return host
    .split(".")
    .every(
      (label, index) =>
        (isPattern && index === 0 && label === "*") || /^[a-z0-9A-Z_][a-z0-9A-Z_-]*$/.test(label),
    );
}
