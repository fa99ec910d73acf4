/** What the extensions of a certificate say (RFC 5280, 4.2), as Go's crypto/x509 reads them. */
import { parseUrl, type Url, UrlParseError } from "../go/url.ts";
import { parseAddress } from "../ip.ts";
import type { Extension } from "./certificate.ts";
import { DerReader, malformed, type Oid, sameOid, TAG } from "./der.ts";
import { isDomain, parseMailbox } from "./domains.ts";
import { ia5String } from "./name.ts";

export type AlternativeNames = {
  readonly dnsNames: readonly string[];
  readonly emailAddresses: readonly string[];
  /** 4 or 16 bytes. */
  readonly ipAddresses: readonly Buffer[];
  readonly uris: readonly Url[];
};
export type IpRange = { readonly ip: Buffer; readonly mask: Buffer };
export type Subtrees = {
  readonly dnsDomains: readonly string[];
  readonly ipRanges: readonly IpRange[];
  readonly emailAddresses: readonly string[];
  readonly uriDomains: readonly string[];
};
export type NameConstraints = {
  readonly critical: boolean;
  readonly permitted: Subtrees;
  readonly excluded: Subtrees;
};
export type PolicyMapping = { readonly issuer: string; readonly subject: string };

export type Extensions = {
  keyUsage: number;
  /** Undefined when the extension is not there. `maxPathLength` -1: no limit. */
  basicConstraints: { readonly isCa: boolean; readonly maxPathLength: number } | undefined;
  alternativeNames: AlternativeNames;
  nameConstraints: NameConstraints | undefined;
  crlDistributionPoints: readonly string[];
  authorityKeyId: Buffer | undefined;
  subjectKeyId: Buffer | undefined;
  /** Undefined: it says nothing. */
  requireExplicitPolicy: number | undefined;
  inhibitPolicyMapping: number | undefined;
  inhibitAnyPolicy: number | undefined;
  /** Go's numbers. */
  extendedKeyUsage: readonly number[];
  unknownExtendedKeyUsage: readonly Oid[];
  /** Undefined when the extension is not there. */
  policies: readonly Oid[] | undefined;
  policyMappings: readonly PolicyMapping[];
  ocspServers: readonly string[];
  issuingCertificateUrls: readonly string[];
  unhandledCritical: readonly Oid[];
};

export const NO_NAMES: AlternativeNames = { dnsNames: [], emailAddresses: [], ipAddresses: [], uris: [] };

/** @throws BuiltinError for an extension that Go knows and cannot read. */
export function interpretExtensions(extensions: readonly Extension[]): Extensions {
  const says: Extensions = {
    keyUsage: 0,
    basicConstraints: undefined,
    alternativeNames: NO_NAMES,
    nameConstraints: undefined,
    crlDistributionPoints: [],
    authorityKeyId: undefined,
    subjectKeyId: undefined,
    requireExplicitPolicy: undefined,
    inhibitPolicyMapping: undefined,
    inhibitAnyPolicy: undefined,
    extendedKeyUsage: [],
    unknownExtendedKeyUsage: [],
    policies: undefined,
    policyMappings: [],
    ocspServers: [],
    issuingCertificateUrls: [],
    unhandledCritical: [],
  };
  const unhandled: Oid[] = [];
  for (const extension of extensions) {
    const handled = HANDLERS.get(extension.id.join("."))?.(extension, says) ?? false;
    if (!handled && extension.critical) unhandled.push(extension.id);
  }
  return { ...says, unhandledCritical: unhandled };
}

/** Whether the extension was handled. */
type Handler = (extension: Extension, says: Extensions) => boolean;

const HANDLERS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["2.5.29.14", subjectKeyId],
  ["2.5.29.15", keyUsage],
  ["2.5.29.17", alternativeNames],
  ["2.5.29.19", basicConstraints],
  ["2.5.29.30", nameConstraints],
  ["2.5.29.31", crlDistributionPoints],
  ["2.5.29.32", certificatePolicies],
  ["2.5.29.33", policyMappings],
  ["2.5.29.35", authorityKeyId],
  ["2.5.29.36", policyConstraints],
  ["2.5.29.37", extendedKeyUsage],
  ["2.5.29.54", inhibitAnyPolicy],
  ["1.3.6.1.5.5.7.1.1", authorityInformationAccess],
]);

/** What must not be critical is refused when it is. */
function assertNotCritical({ critical }: Extension, what: string): void {
  if (critical) throw malformed(`${what}: it is marked critical`);
}

function subjectKeyId(extension: Extension, says: Extensions): boolean {
  assertNotCritical(extension, "subject key identifier");
  says.subjectKeyId = new DerReader(extension.value, "subject key identifier").element(
    TAG.octetString,
  ).content;
  return true;
}

function authorityKeyId(extension: Extension, says: Extensions): boolean {
  assertNotCritical(extension, "authority key identifier");
  says.authorityKeyId = new DerReader(extension.value, "authority key identifier").inside().optional(0x80);
  return true;
}

const KEY_USAGE_BITS = 9;

function keyUsage({ value }: Extension, says: Extensions): boolean {
  const { bytes } = new DerReader(value, "key usage").bitString();
  says.keyUsage = 0;
  for (let bit = 0; bit < KEY_USAGE_BITS; bit++)
    if (((bytes[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0) says.keyUsage |= 1 << bit;
  return true;
}

function basicConstraints({ value }: Extension, says: Extensions): boolean {
  const reader = new DerReader(value, "basic constraints").inside();
  const isCa = reader.has(TAG.boolean) && reader.boolean();
  const maxPathLength = reader.has(TAG.integer) ? reader.smallInteger() : -1;
  if (maxPathLength < -1) throw malformed("basic constraints");
  says.basicConstraints = { isCa, maxPathLength };
  return true;
}

function alternativeNames({ value }: Extension, says: Extensions): boolean {
  says.alternativeNames = readAlternativeNames(value);
  return Object.values(says.alternativeNames).some((names) => names.length > 0);
}

/** A SubjectAltName. Kinds of names that Go does not know are passed over. @throws BuiltinError */
export function readAlternativeNames(value: Buffer): AlternativeNames {
  const dnsNames: string[] = [];
  const emailAddresses: string[] = [];
  const ipAddresses: Buffer[] = [];
  const uris: Url[] = [];
  const reader = new DerReader(value, "subject alternative names").inside();
  while (!reader.empty) {
    const { tag, content } = reader.any();
    if (tag === 0x81) emailAddresses.push(ia5String(content));
    else if (tag === 0x82) dnsNames.push(ia5String(content));
    else if (tag === 0x86) uris.push(readUri(ia5String(content)));
    else if (tag === 0x87) ipAddresses.push(readIp(content));
  }
  return { dnsNames, emailAddresses, ipAddresses, uris };
}

function readUri(text: string): Url {
  try {
    const url = parseUrl(text);
    if (isDomain(url.host)) return url;
  } catch (error) {
    if (!(error instanceof UrlParseError)) throw error;
  }
  throw malformed(`URI ${JSON.stringify(text)}`);
}

function readIp(content: Buffer): Buffer {
  if (content.length !== 4 && content.length !== 16) throw malformed("IP address");
  return content;
}

function nameConstraints({ value, critical }: Extension, says: Extensions): boolean {
  const outer = new DerReader(value, "name constraints");
  const reader = outer.inside();
  const permitted = reader.optional(0xa0) ?? Buffer.alloc(0);
  const excluded = reader.optional(0xa1) ?? Buffer.alloc(0);
  if (!outer.empty || !reader.empty || permitted.length + excluded.length === 0)
    throw malformed("name constraints");
  const [allowed, refused] = [readSubtrees(permitted), readSubtrees(excluded)];
  says.nameConstraints = { critical, permitted: allowed.subtrees, excluded: refused.subtrees };
  return allowed.handled && refused.handled;
}

function readSubtrees(content: Buffer): { readonly subtrees: Subtrees; readonly handled: boolean } {
  const dnsDomains: string[] = [];
  const ipRanges: IpRange[] = [];
  const emailAddresses: string[] = [];
  const uriDomains: string[] = [];
  let handled = true;
  const reader = new DerReader(content, "name constraints");
  while (!reader.empty) {
    const { tag, content: base } = reader.inside().any();
    if (tag === 0x81) emailAddresses.push(emailConstraint(base));
    else if (tag === 0x82) dnsDomains.push(domainConstraint(base));
    else if (tag === 0x86) uriDomains.push(uriConstraint(base));
    else if (tag === 0x87) ipRanges.push(readIpRange(base));
    else handled = false;
  }
  return { subtrees: { dnsDomains, ipRanges, emailAddresses, uriDomains }, handled };
}

function domainConstraint(content: Buffer): string {
  const domain = ia5String(content);
  if (!isDomain(domain, { leadingDot: true })) throw malformed("name constraint");
  return domain;
}

function uriConstraint(content: Buffer): string {
  const domain = domainConstraint(content);
  if (parseAddress(domain) !== undefined) throw malformed("name constraint: it is an address");
  return domain;
}

function emailConstraint(content: Buffer): string {
  const email = ia5String(content);
  if (!email.includes("@")) return domainConstraint(content);
  if (parseMailbox(email) === undefined) throw malformed("name constraint");
  return email;
}

function readIpRange(content: Buffer): IpRange {
  if (content.length !== 8 && content.length !== 32) throw malformed("name constraint");
  const half = content.length / 2;
  const mask = content.subarray(half);
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  if (!/^1*0*$/.test(bits)) throw malformed("name constraint: its mask has holes");
  return { ip: content.subarray(0, half), mask };
}

function crlDistributionPoints({ value }: Extension, says: Extensions): boolean {
  const points: string[] = [];
  const reader = new DerReader(value, "CRL distribution points").inside();
  while (!reader.empty) {
    const name = reader.inside().optional(0xa0);
    if (name === undefined) continue;
    const names = new DerReader(name, "CRL distribution point").inside(0xa0);
    while (names.has(0x86)) points.push(names.any().content.toString("utf8"));
  }
  says.crlDistributionPoints = points;
  return true;
}

function certificatePolicies({ value }: Extension, says: Extensions): boolean {
  const policies: Oid[] = [];
  const reader = new DerReader(value, "certificate policies").inside();
  while (!reader.empty) policies.push(reader.inside().oid());
  if (new Set(policies.map((policy) => policy.join("."))).size < policies.length)
    throw malformed("certificate policies: one is there twice");
  says.policies = policies;
  return true;
}

function policyMappings({ value }: Extension, says: Extensions): boolean {
  const mappings: PolicyMapping[] = [];
  const reader = new DerReader(value, "policy mappings").inside();
  while (!reader.empty) {
    const mapping = reader.inside();
    mappings.push({ issuer: mapping.oid().join("."), subject: mapping.oid().join(".") });
  }
  says.policyMappings = mappings;
  return true;
}

function policyConstraints({ value }: Extension, says: Extensions): boolean {
  const reader = new DerReader(value, "policy constraints").inside();
  if (reader.has(0x80)) says.requireExplicitPolicy = reader.smallInteger(0x80);
  if (reader.has(0x81)) says.inhibitPolicyMapping = reader.smallInteger(0x81);
  return true;
}

function inhibitAnyPolicy({ value }: Extension, says: Extensions): boolean {
  says.inhibitAnyPolicy = new DerReader(value, "inhibit any policy").smallInteger();
  return true;
}

/** In the order of Go's numbers. */
const EXTENDED_KEY_USAGES: readonly Oid[] = [
  [2, 5, 29, 37, 0],
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((last) => [1, 3, 6, 1, 5, 5, 7, 3, last]),
  [1, 3, 6, 1, 4, 1, 311, 10, 3, 3],
  [2, 16, 840, 1, 113730, 4, 1],
  [1, 3, 6, 1, 4, 1, 311, 2, 1, 22],
  [1, 3, 6, 1, 4, 1, 311, 61, 1, 1],
];

function extendedKeyUsage({ value }: Extension, says: Extensions): boolean {
  const usages: Oid[] = [];
  const reader = new DerReader(value, "extended key usage").inside();
  while (!reader.empty) usages.push(reader.oid());
  const numbers = usages.map((usage) => EXTENDED_KEY_USAGES.findIndex((known) => sameOid(known, usage)));
  says.extendedKeyUsage = numbers.filter((number) => number !== -1);
  says.unknownExtendedKeyUsage = usages.filter((_, index) => numbers[index] === -1);
  return true;
}

function authorityInformationAccess(extension: Extension, says: Extensions): boolean {
  assertNotCritical(extension, "authority info access");
  const servers: string[] = [];
  const issuers: string[] = [];
  const reader = new DerReader(extension.value, "authority info access").inside();
  while (!reader.empty) {
    const description = reader.inside();
    const method = description.oid().join(".");
    const url = description.optional(0x86)?.toString("utf8");
    if (url !== undefined && method === "1.3.6.1.5.5.7.48.1") servers.push(url);
    if (url !== undefined && method === "1.3.6.1.5.5.7.48.2") issuers.push(url);
  }
  says.ocspServers = servers;
  says.issuingCertificateUrls = issuers;
  return true;
}
