/** Certificates, requests and keys as Go's encoding/json writes them. */
import { numberOf } from "../decimal.ts";
import { printUrl, type Url } from "../go/url.ts";
import { printAddress } from "../ip.ts";
import type { RegoObject, RegoValue } from "../value.ts";
import type { Certificate, Extension } from "./certificate.ts";
import type { Oid } from "./der.ts";
import type { IpRange, Subtrees } from "./extensions.ts";
import type { Name } from "./name.ts";
import type { PublicKey } from "./public-key.ts";

export function objectOf(members: { readonly [name: string]: RegoValue }): RegoObject {
  return new Map(Object.entries(members));
}

/** An empty list is null: Go's slices begin as nil. */
export function listOrNull<T>(items: readonly T[], render: (item: T) => RegoValue): RegoValue {
  return items.length === 0 ? null : items.map(render);
}

const asIs = (text: string): RegoValue => text;
export const base64 = (bytes: Buffer): string => bytes.toString("base64");
const oidJson = (oid: Oid): RegoValue => oid;

export function certificateJson(certificate: Certificate): RegoObject {
  const { says } = certificate;
  const names = says.alternativeNames;
  return objectOf({
    Raw: base64(certificate.raw),
    RawTBSCertificate: base64(certificate.rawTbs),
    RawSubjectPublicKeyInfo: base64(certificate.publicKey.raw),
    RawSubject: base64(certificate.rawSubject),
    RawIssuer: base64(certificate.rawIssuer),
    Signature: base64(certificate.signature),
    SignatureAlgorithm: certificate.signatureAlgorithm,
    PublicKeyAlgorithm: certificate.publicKey.algorithm,
    PublicKey: publicKeyJson(certificate.publicKey.key),
    Version: certificate.version,
    SerialNumber: numberOf(certificate.serialNumber),
    Issuer: nameJson(certificate.issuer),
    Subject: nameJson(certificate.subject),
    NotBefore: timeJson(certificate.notBefore),
    NotAfter: timeJson(certificate.notAfter),
    KeyUsage: says.keyUsage,
    Extensions: listOrNull(certificate.extensions, extensionJson),
    ExtraExtensions: null,
    UnhandledCriticalExtensions: listOrNull(says.unhandledCritical, oidJson),
    ExtKeyUsage: listOrNull(says.extendedKeyUsage, (usage) => usage),
    UnknownExtKeyUsage: listOrNull(says.unknownExtendedKeyUsage, oidJson),
    BasicConstraintsValid: says.basicConstraints !== undefined,
    IsCA: says.basicConstraints?.isCa ?? false,
    MaxPathLen: says.basicConstraints?.maxPathLength ?? 0,
    MaxPathLenZero: says.basicConstraints?.maxPathLength === 0,
    SubjectKeyId: says.subjectKeyId === undefined ? null : base64(says.subjectKeyId),
    AuthorityKeyId: says.authorityKeyId === undefined ? null : base64(says.authorityKeyId),
    OCSPServer: listOrNull(says.ocspServers, asIs),
    IssuingCertificateURL: listOrNull(says.issuingCertificateUrls, asIs),
    DNSNames: listOrNull(names.dnsNames, asIs),
    EmailAddresses: listOrNull(names.emailAddresses, asIs),
    IPAddresses: listOrNull(names.ipAddresses, ipText),
    URIs: listOrNull(names.uris, urlJson),
    PermittedDNSDomainsCritical: says.nameConstraints?.critical ?? false,
    ...subtreesJson("Permitted", says.nameConstraints?.permitted),
    ...subtreesJson("Excluded", says.nameConstraints?.excluded),
    CRLDistributionPoints: listOrNull(says.crlDistributionPoints, asIs),
    PolicyIdentifiers: says.policies === undefined ? null : says.policies.map(oidJson),
    Policies: listOrNull(says.policies ?? [], (policy) => policy.join(".")),
    ...limitJson("InhibitAnyPolicy", says.inhibitAnyPolicy),
    ...limitJson("InhibitPolicyMapping", says.inhibitPolicyMapping),
    ...limitJson("RequireExplicitPolicy", says.requireExplicitPolicy),
    PolicyMappings: listOrNull(says.policyMappings, ({ issuer, subject }) =>
      objectOf({ IssuerDomainPolicy: issuer, SubjectDomainPolicy: subject }),
    ),
  });
}

/** A certificate with the one member that OPA adds. */
export function extendedCertificateJson(certificate: Certificate): RegoObject {
  const uris = listOrNull(certificate.says.alternativeNames.uris, printUrl);
  return new Map([...certificateJson(certificate), ["URIStrings", uris]]);
}

function limitJson(name: string, value: number | undefined): { readonly [name: string]: RegoValue } {
  return { [name]: value ?? 0, [`${name}Zero`]: value === 0 };
}

function subtreesJson(
  prefix: string,
  subtrees: Subtrees | undefined,
): { readonly [name: string]: RegoValue } {
  return {
    [`${prefix}DNSDomains`]: listOrNull(subtrees?.dnsDomains ?? [], asIs),
    [`${prefix}IPRanges`]: listOrNull(subtrees?.ipRanges ?? [], rangeJson),
    [`${prefix}EmailAddresses`]: listOrNull(subtrees?.emailAddresses ?? [], asIs),
    [`${prefix}URIDomains`]: listOrNull(subtrees?.uriDomains ?? [], asIs),
  };
}

function rangeJson({ ip, mask }: IpRange): RegoValue {
  return objectOf({ IP: ipText(ip), Mask: base64(mask) });
}

/** An IPv4 address inside an IPv6 one is printed as IPv4. */
export function ipText(bytes: Buffer): string {
  const value = BigInt(`0x${bytes.toString("hex")}`);
  if (bytes.length === 4 || value >> 32n === 0xffffn)
    return printAddress({ bits: 32, value: value & 0xffffffffn });
  return printAddress({ bits: 128, value });
}

export function urlJson(url: Url): RegoValue {
  return objectOf({
    Scheme: url.scheme,
    Opaque: url.opaque,
    // What is in it is not exported by Go.
    User: url.user === undefined ? null : new Map(),
    Host: url.host,
    Path: url.path,
    RawPath: url.rawPath,
    OmitHost: url.omitHost,
    ForceQuery: url.forceQuery,
    RawQuery: url.rawQuery,
    Fragment: url.fragment,
    RawFragment: url.rawFragment,
  });
}

export function extensionJson({ id, critical, value }: Extension): RegoValue {
  return objectOf({ Id: id, Critical: critical, Value: base64(value) });
}

export function publicKeyJson(key: PublicKey | undefined): RegoValue {
  switch (key?.kind) {
    case "rsa":
      return objectOf({ N: numberOf(key.n), E: numberOf(key.e) });
    case "dsa":
      return objectOf({ P: numberOf(key.p), Q: numberOf(key.q), G: numberOf(key.g), Y: numberOf(key.y) });
    case "ecdsa":
      return objectOf({ Curve: new Map(), X: numberOf(key.x), Y: numberOf(key.y) });
    case "ed25519":
      return base64(key.bytes);
    default:
      return null;
  }
}

/** RFC 3339 in UTC. */
function timeJson(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

/** Attributes of which a name may have several, by the last arc of 2.5.4. */
const LISTS = {
  Country: 6,
  Organization: 10,
  OrganizationalUnit: 11,
  Locality: 7,
  Province: 8,
  StreetAddress: 9,
  PostalCode: 17,
} as const;

export function nameJson(name: Name): RegoValue {
  const values = (arc: number): string[] =>
    name
      .filter(
        (attribute): attribute is typeof attribute & { value: string } => typeof attribute.value === "string",
      )
      .filter(
        ({ type: [a, b, c, d, ...rest] }) => a === 2 && b === 5 && c === 4 && d === arc && rest.length === 0,
      )
      .map(({ value }) => value);
  return objectOf({
    ...Object.fromEntries(Object.entries(LISTS).map(([key, arc]) => [key, listOrNull(values(arc), asIs)])),
    SerialNumber: values(5).at(-1) ?? "",
    CommonName: values(3).at(-1) ?? "",
    Names: listOrNull(name, ({ type, value }) => objectOf({ Type: type, Value: value })),
    ExtraNames: null,
  });
}
