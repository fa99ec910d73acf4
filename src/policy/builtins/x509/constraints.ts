/** Name constraints of the certificates of a chain on those below them (RFC 5280, 4.2.1.10). */
import { BuiltinError } from "../builtin.ts";
import type { Url } from "../go/url.ts";
import { parseAddress } from "../ip.ts";
import type { Certificate } from "./certificate.ts";
import { isDomain, lowerAscii, type Mailbox, parseMailbox } from "./domains.ts";
import type { IpRange, Subtrees } from "./extensions.ts";

/**
 * Comparisons of names with constraints in one verification at most. Go allows 250,000 by default; here each takes
 * under a microsecond, and a certificate of 64 KiB holds some thousand names.
 */
export const COMPARISONS_MAX = 250_000;

type Names = {
  readonly dns: readonly string[];
  readonly uriHosts: readonly string[];
  readonly mailboxes: readonly Mailbox[];
  readonly ips: readonly Buffer[];
};

/** @throws BuiltinError when a certificate has a name that one above it forbids, RangeError beyond {@link COMPARISONS_MAX}. */
export function assertNamesAllowed(chain: readonly Certificate[]): void {
  let comparisons = 0;
  for (const [index, certificate] of chain.entries()) {
    const above = chain.slice(index + 1).filter(({ says }) => says.nameConstraints !== undefined);
    const hasNames = certificate.extensions.some(({ id }) => id.join(".") === "2.5.29.17");
    if (!hasNames || above.length === 0) continue;
    const names = namesOf(certificate);
    for (const { says } of above) {
      const { permitted, excluded } = says.nameConstraints ?? {};
      comparisons += countOf(names) * (sizeOf(permitted) + sizeOf(excluded));
      if (comparisons > COMPARISONS_MAX)
        throw new RangeError(`x509: more than ${COMPARISONS_MAX} comparisons of names with constraints`);
      if (permitted !== undefined) assertPermitted(names, permitted);
      if (excluded !== undefined) assertNotExcluded(names, excluded);
    }
  }
}

function countOf({ dns, uriHosts, mailboxes, ips }: Names): number {
  return dns.length + uriHosts.length + mailboxes.length + ips.length;
}

function sizeOf(subtrees: Subtrees | undefined): number {
  return Object.values(subtrees ?? {}).reduce((sum, list) => sum + list.length, 0);
}

function namesOf({ says }: Certificate): Names {
  const { dnsNames, emailAddresses, ipAddresses, uris } = says.alternativeNames;
  for (const name of dnsNames)
    if (!isDomain(name)) throw new BuiltinError(`x509: cannot parse dnsName ${JSON.stringify(name)}`);
  return {
    dns: dnsNames,
    uriHosts: uris.map(hostOf),
    mailboxes: emailAddresses.map(mailboxOf),
    ips: ipAddresses,
  };
}

function hostOf({ host }: Url): string {
  const name = host.toLowerCase().replace(/:[^:\]]*$/, "");
  const isAddress = name.startsWith("[") || parseAddress(name) !== undefined;
  if (name === "" || isAddress || !isDomain(name))
    throw new BuiltinError("x509: a URI without a domain cannot be held to constraints");
  return name;
}

function mailboxOf(email: string): Mailbox {
  const mailbox = parseMailbox(email);
  if (mailbox === undefined) throw new BuiltinError(`x509: cannot parse rfc822Name ${JSON.stringify(email)}`);
  return { ...mailbox, domain: mailbox.domain.toLowerCase() };
}

function assertPermitted(names: Names, permitted: Subtrees): void {
  const all = <Name, Constraint>(
    items: readonly Name[],
    constraints: readonly Constraint[],
    matches: (constraint: Constraint, name: Name) => boolean,
  ): boolean =>
    constraints.length === 0 ||
    items.every((name) => constraints.some((constraint) => matches(constraint, name)));
  const allowed =
    all(names.dns, permitted.dnsDomains, domainMatches) &&
    all(names.uriHosts, permitted.uriDomains, domainMatches) &&
    all(names.mailboxes, permitted.emailAddresses, emailMatches) &&
    all(names.ips, permitted.ipRanges, rangeHolds);
  if (!allowed) throw new BuiltinError("x509: a name is not permitted by any constraint");
}

function assertNotExcluded(names: Names, excluded: Subtrees): void {
  const wildcardMatches = (constraint: string, name: string): boolean =>
    domainMatches(constraint, name) || coveredByStar(constraint, name);
  const found =
    names.dns.some((name) => excluded.dnsDomains.some((domain) => wildcardMatches(domain, name))) ||
    names.uriHosts.some((name) => excluded.uriDomains.some((domain) => wildcardMatches(domain, name))) ||
    names.mailboxes.some((name) => excluded.emailAddresses.some((email) => emailMatches(email, name))) ||
    names.ips.some((ip) => excluded.ipRanges.some((range) => rangeHolds(range, ip)));
  if (found) throw new BuiltinError("x509: a name is excluded by a constraint");
}

/** Whether a domain is the constraint's or below it; with a dot in front only below it. Empty is everything. */
function domainMatches(constraint: string, domain: string): boolean {
  const [wanted, name] = [lowerAscii(constraint), lowerAscii(domain)];
  if (wanted === "") return true;
  if (wanted.startsWith(".")) return name.endsWith(wanted);
  return name === wanted || name.endsWith(`.${wanted}`);
}

/** `*.example.com` might stand for the excluded `bad.example.com`. */
function coveredByStar(constraint: string, name: string): boolean {
  if (!name.startsWith("*")) return false;
  const parent = (domain: string): string => lowerAscii(domain).replace(/^[^.]*/, "");
  return parent(constraint) !== "" && parent(constraint) === parent(name);
}

function emailMatches(constraint: string, mailbox: Mailbox): boolean {
  if (!constraint.includes("@")) return domainMatches(constraint, mailbox.domain);
  const wanted = parseMailbox(constraint);
  return wanted?.local === mailbox.local && wanted.domain.toLowerCase() === mailbox.domain;
}

function rangeHolds({ ip, mask }: IpRange, address: Buffer): boolean {
  return (
    ip.length === address.length &&
    ip.every((byte, index) => ((byte ^ (address[index] ?? 0)) & (mask[index] ?? 0)) === 0)
  );
}
