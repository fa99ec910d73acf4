/** X.509 certificates (RFC 5280) as Go's crypto/x509 reads them. @see https://pkg.go.dev/crypto/x509#Certificate */
import { DerReader, malformed, type Oid, rightAligned, TAG } from "./der.ts";
import { type Extensions, interpretExtensions } from "./extensions.ts";
import { type Name, readName } from "./name.ts";
import { readAlgorithm, readPublicKeyInfo, type SubjectPublicKeyInfo } from "./public-key.ts";
import { signatureAlgorithm } from "./signature.ts";

export type Extension = { readonly id: Oid; readonly critical: boolean; readonly value: Buffer };

export type Certificate = {
  readonly raw: Buffer;
  readonly rawTbs: Buffer;
  readonly rawIssuer: Buffer;
  readonly rawSubject: Buffer;
  /** 1 to 3. */
  readonly version: number;
  readonly serialNumber: bigint;
  readonly signatureAlgorithm: number;
  readonly signature: Buffer;
  readonly issuer: Name;
  readonly subject: Name;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly publicKey: SubjectPublicKeyInfo;
  readonly extensions: readonly Extension[];
  /** What the extensions say. */
  readonly says: Extensions;
};

/** Certificates that stand one after the other. @throws BuiltinError */
export function parseCertificates(der: Buffer): readonly Certificate[] {
  const certificates: Certificate[] = [];
  const reader = new DerReader(der, "certificate");
  while (!reader.empty) certificates.push(readCertificate(reader));
  return certificates;
}

function readCertificate(outer: DerReader): Certificate {
  const { raw, content } = outer.element(TAG.sequence);
  const reader = new DerReader(content, "certificate");
  const tbs = reader.element(TAG.sequence);
  const algorithm = reader.element(TAG.sequence).content;
  const signature = rightAligned(reader.bitString());
  return {
    raw,
    rawTbs: tbs.raw,
    signature,
    ...readTbs(new DerReader(tbs.content, "certificate"), algorithm),
  };
}

/** The signed part. It names the algorithm of the signature again, which must be the same. */
function readTbs(
  reader: DerReader,
  outerAlgorithm: Buffer,
): Omit<Certificate, "raw" | "rawTbs" | "signature"> {
  const version = readVersion(reader);
  const serialNumber = reader.integer();
  if (serialNumber < 0n) throw malformed("serial number: it is negative");
  const algorithm = reader.element(TAG.sequence).content;
  if (!algorithm.equals(outerAlgorithm)) throw malformed("certificate: it names two signature algorithms");
  const issuer = reader.element(TAG.sequence);
  const validity = reader.inside();
  const notBefore = readTime(validity);
  const notAfter = readTime(validity);
  const subject = reader.element(TAG.sequence);
  const publicKey = readPublicKeyInfo(reader);
  if (version > 1) for (const tag of [0x81, 0x82]) reader.optional(tag);
  const extensions = version === 3 ? readExtensions(reader) : [];
  return {
    version,
    serialNumber,
    signatureAlgorithm: signatureAlgorithm(readAlgorithm(new DerReader(algorithm, "algorithm"))),
    rawIssuer: issuer.raw,
    issuer: readName(new DerReader(issuer.content, "issuer")),
    notBefore,
    notAfter,
    rawSubject: subject.raw,
    subject: readName(new DerReader(subject.content, "subject")),
    publicKey,
    extensions,
    says: interpretExtensions(extensions),
  };
}

function readVersion(reader: DerReader): number {
  const content = reader.optional(0xa0);
  if (content === undefined) return 1;
  const version = new DerReader(content, "version").smallInteger() + 1;
  if (version < 1 || version > 3) throw malformed("version");
  return version;
}

function readExtensions(reader: DerReader): readonly Extension[] {
  const content = reader.optional(0xa3);
  if (content === undefined) return [];
  const extensions = readExtensionList(new DerReader(content, "extensions").inside());
  if (new Set(extensions.map(({ id }) => id.join("."))).size < extensions.length)
    throw malformed("extensions: one is there twice");
  return extensions;
}

/** Reads the content of Extensions. @throws BuiltinError */
export function readExtensionList(list: DerReader): readonly Extension[] {
  const extensions: Extension[] = [];
  while (!list.empty) {
    const extension = list.inside();
    const id = extension.oid();
    const critical = extension.has(TAG.boolean) && extension.boolean();
    extensions.push({ id, critical, value: extension.element(TAG.octetString).content });
  }
  return extensions;
}

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})?Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** UTCTime or GeneralizedTime, which RFC 5280 wants in UTC. */
function readTime(reader: DerReader): number {
  const { tag, content } = reader.any();
  const short = tag === TAG.utcTime;
  if (!short && tag !== TAG.generalizedTime) throw malformed("time");
  const match = (short ? UTC_TIME : GENERALIZED_TIME).exec(content.toString("latin1"));
  if (match === null) throw malformed("time");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((part) => Number(part ?? 0));
  // Two digits are 1950 to 2049.
  const fullYear = short ? year + (year >= 50 ? 1900 : 2000) : year;
  const date = new Date(0);
  date.setUTCFullYear(fullYear, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60;
  if (!real || second >= 60) throw malformed("time");
  return date.getTime() / 1000;
}
