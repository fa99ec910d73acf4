import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key, in PEM. */
export type KeyPair = { readonly cert: string; readonly key: string };

export type CertificateOptions = {
  readonly commonName?: string;
  /** URI names: SPIFFE ids. */
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
};

export type CertificateAuthority = {
  readonly cert: string;
  issue(options: CertificateOptions): KeyPair;
};

const HOUR_MS = 3_600_000;

/** A certificate authority that lives as long as the test (RFC 5280, P-256 keys). */
export function createAuthority(
  commonName = `test ca ${randomBytes(4).toString("hex")}`,
): CertificateAuthority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const build = (subject: string, publicKey: KeyObject, options: CertificateOptions, isCa: boolean) =>
    pem(
      "CERTIFICATE",
      certificate({ issuer: commonName, subject, publicKey, signer: keys.privateKey, isCa, options }),
    );
  return {
    cert: build(commonName, keys.publicKey, {}, true),
    issue(options) {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return {
        cert: build(options.commonName ?? "test", publicKey, options, false),
        key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      };
    },
  };
}

type Parts = {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly signer: KeyObject;
  readonly isCa: boolean;
  readonly options: CertificateOptions;
};

// Object identifiers in DER, without tag and length.
const COMMON_NAME = Buffer.from("550403", "hex");
const BASIC_CONSTRAINTS = Buffer.from("551d13", "hex");
const SUBJECT_ALT_NAME = Buffer.from("551d11", "hex");
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");

function certificate({ issuer, subject, publicKey, signer, isCa, options }: Parts): Buffer {
  const algorithm = sequence(oid(ECDSA_WITH_SHA256));
  const now = Date.now();
  const tbs = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name(issuer),
    sequence(
      time(options.notBefore ?? new Date(now - HOUR_MS)),
      time(options.notAfter ?? new Date(now + 365 * 24 * HOUR_MS)),
    ),
    name(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, sequence(...extensions(isCa, options))),
  );
  return sequence(tbs, algorithm, bitString(sign("sha256", tbs, signer)));
}

function extensions(isCa: boolean, options: CertificateOptions): Buffer[] {
  const names = [
    ...(options.uris ?? []).map((uri) => tagged(0x86, Buffer.from(uri))),
    ...(options.dnsNames ?? []).map((dns) => tagged(0x82, Buffer.from(dns))),
    ...(options.ipAddresses ?? []).map((ip) => tagged(0x87, Buffer.from(ip.split(".").map(Number)))),
  ];
  return [
    extension(BASIC_CONSTRAINTS, isCa ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence()),
    ...(names.length === 0 ? [] : [extension(SUBJECT_ALT_NAME, sequence(...names))]),
  ];
}

function extension(id: Buffer, value: Buffer): Buffer {
  return sequence(oid(id), tagged(0x04, value));
}

function name(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(COMMON_NAME), tagged(0x0c, Buffer.from(commonName)))));
}

/** GeneralizedTime, to the second. */
function time(date: Date): Buffer {
  return tagged(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\.\d+Z/g, "")}Z`));
}

function oid(bytes: Buffer): Buffer {
  return tagged(0x06, bytes);
}

function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([0]), bytes]));
}

function sequence(...items: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(items));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
