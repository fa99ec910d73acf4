import type { BuiltinContext, HostBuiltin } from "./builtin.ts";
import { BuiltinError } from "./builtin.ts";
import { decimalOf, integerOf } from "./decimal.ts";
import { collectionAt, numberAt, objectAt, stringAt } from "./operands.ts";
import { trimEnd, trimStart } from "./trim.ts";
import type { RegoObject, RegoValue } from "./value.ts";
import { type Certificate, parseCertificates } from "./x509/certificate.ts";
import { type VerifyOptions, verifyChain } from "./x509/chain.ts";
import { base64, certificateJson, extendedCertificateJson, objectOf } from "./x509/json.ts";
import { decodePem, pemBlocks, requireBase64 } from "./x509/pem.ts";
import { belongsTo, jwkJson, parseAnyPrivateKey, privateKeyJson, privateKeysOf } from "./x509/private-key.ts";
import { certificateRequestJson } from "./x509/request.ts";

export const x509Builtins: readonly HostBuiltin[] = [
  {
    name: "crypto.x509.parse_certificates",
    call: (args) => certificatesOf(stringAt(args, 0)).map(extendedCertificateJson),
  },
  {
    name: "crypto.x509.parse_and_verify_certificates",
    call: (args, context) =>
      verify(stringAt(args, 0), optionsOf(new Map(), context), extendedCertificateJson),
  },
  {
    name: "crypto.x509.parse_and_verify_certificates_with_options",
    call: (args, context) => {
      const text = stringAt(args, 0);
      const options = objectAt(args, 1);
      return verify(text, () => optionsOf(options, context)(), certificateJson);
    },
  },
  {
    name: "crypto.x509.parse_certificate_request",
    call: (args) => certificateRequestJson(requestOf(stringAt(args, 0))),
  },
  { name: "crypto.x509.parse_keypair", call: (args) => keyPair(stringAt(args, 0), stringAt(args, 1)) },
  {
    name: "crypto.x509.parse_rsa_private_key",
    call: (args) => {
      const text = stringAt(args, 0);
      if (text === "") throw new BuiltinError("input PEM data was empty");
      const [key] = privateKeysOf(
        text.startsWith("-----BEGIN") ? text : requireBase64(text).toString("latin1"),
      );
      return key === undefined ? null : jwkJson(key);
    },
  },
  {
    name: "crypto.parse_private_keys",
    call: (args) => {
      const text = stringAt(args, 0);
      return text === "" ? null : privateKeysOf(text).map(privateKeyJson);
    },
  },
];

/** Certificates in PEM, in base64 of PEM, or in base64 of DER. @throws BuiltinError */
function certificatesOf(text: string): readonly Certificate[] {
  if (text.startsWith("-----BEGIN")) return pemCertificates(text);
  const bytes = requireBase64(text);
  const inner = bytes.toString("latin1");
  return inner.startsWith("-----BEGIN") ? pemCertificates(inner) : parseCertificates(bytes);
}

function pemCertificates(pem: string): readonly Certificate[] {
  const blocks = pemBlocks(pem);
  const other = blocks.find(({ type }) => type !== "CERTIFICATE");
  if (other !== undefined) throw new BuiltinError(`PEM block type is '${other.type}', expected CERTIFICATE`);
  return parseCertificates(Buffer.concat(blocks.map(({ bytes }) => bytes)));
}

/** `[true, the chain]`, leaf first, or `[false, []]`. The first certificate is trusted, the last is the leaf. */
function verify(
  text: string,
  options: () => VerifyOptions,
  render: (certificate: Certificate) => RegoObject,
): RegoValue {
  const unverified: RegoValue = [false, []];
  let certificates: readonly Certificate[];
  try {
    certificates = certificatesOf(text);
  } catch (error) {
    if (error instanceof BuiltinError) return unverified;
    throw error;
  }
  const chosen = options();
  try {
    return [true, verifyChain(certificates, chosen).map(render)];
  } catch (error) {
    if (error instanceof BuiltinError) return unverified;
    throw error;
  }
}

/** In the order of Go's numbers. */
const KEY_USAGES = [
  "Any",
  "ServerAuth",
  "ClientAuth",
  "CodeSigning",
  "EmailProtection",
  "IPSECEndSystem",
  "IPSECTunnel",
  "IPSECUser",
  "TimeStamping",
  "OCSPSigning",
  "MicrosoftServerGatedCrypto",
  "NetscapeServerGatedCrypto",
  "MicrosoftCommercialCodeSigning",
  "MicrosoftKernelCodeSigning",
].map((name) => `KeyUsage${name}`);

/** Options that cannot be read are a builtin error. */
function optionsOf(object: RegoObject, context: BuiltinContext): () => VerifyOptions {
  return () => {
    let dnsName = "";
    let nowNs: bigint | undefined;
    let keyUsages: readonly number[] = [];
    for (const [key, value] of object) {
      if (key === "DNSName") dnsName = trimQuotes(stringAt([value], 0));
      else if (key === "CurrentTime") nowNs = int64At(value);
      else if (key === "KeyUsages") keyUsages = keyUsageNumbers(value);
      // Accepted, though Go itself does not use it any more.
      else if (key === "MaxConstraintComparisons") int64At(value);
      else if (typeof key === "string") throw new BuiltinError("invalid key option");
    }
    // One time for the whole evaluation, so that a replay decides alike.
    return { dnsName, keyUsages, nowNs: nowNs ?? context.nowNs() };
  };
}

function keyUsageNumbers(value: RegoValue): readonly number[] {
  const names = collectionAt([value], 0)
    .filter((item) => typeof item === "string")
    .map(trimQuotes);
  const numbers = names.map((name) => KEY_USAGES.indexOf(name));
  if (numbers.includes(-1)) throw new BuiltinError("invalid entries for 'KeyUsages' found");
  return numbers;
}

function trimQuotes(text: string): string {
  return trimStart(trimEnd(text, '"'), '"');
}

function int64At(value: RegoValue): bigint {
  const integer = integerOf(decimalOf(numberAt([value], 0)));
  if (integer === undefined || BigInt.asIntN(64, integer) !== integer)
    throw new BuiltinError("the option should be a valid int64 number");
  return integer;
}

/** The DER of a certificate request in PEM, in base64 of PEM, or in base64 of DER. @throws BuiltinError */
function requestOf(text: string): Buffer {
  const isPem = text.startsWith("-----BEGIN CERTIFICATE REQUEST-----");
  const bytes = isPem ? Buffer.from(text, "utf8") : requireBase64(text);
  const found = decodePem(bytes.toString("latin1"));
  if (found === undefined) return bytes;
  if (found.block.type !== "CERTIFICATE REQUEST")
    throw new BuiltinError("invalid PEM-encoded certificate signing request");
  return found.block.bytes;
}

/** A certificate, or a chain of them, and the private key of the first, as Go's tls.Certificate. @throws BuiltinError */
function keyPair(certificateText: string, keyText: string): RegoObject {
  const chain = pemOr(certificateText, "CERTIFICATE")
    .filter(({ type }) => type === "CERTIFICATE")
    .map(({ bytes }) => bytes);
  const key = pemOr(keyText, "PRIVATE KEY").find(({ type }) => /(?:^| )PRIVATE KEY$/.test(type));
  const [first] = chain;
  if (first === undefined || key === undefined) throw new BuiltinError("tls: failed to find any PEM data");
  const [leaf, second] = parseCertificates(first);
  if (leaf === undefined || second !== undefined) throw new BuiltinError("x509: trailing data");
  const privateKey = parseAnyPrivateKey(key.bytes);
  if (!belongsTo(privateKey, leaf.publicKey))
    throw new BuiltinError("tls: private key does not match public key");
  return objectOf({
    Certificate: chain.map(base64),
    PrivateKey: privateKeyJson(privateKey),
    SupportedSignatureAlgorithms: null,
    OCSPStaple: null,
    SignedCertificateTimestamps: null,
    Leaf: certificateJson(leaf),
  });
}

/** The blocks of PEM or of base64 of PEM; other base64 is one block of the type. */
function pemOr(text: string, type: string): readonly { readonly type: string; readonly bytes: Buffer }[] {
  if (text.startsWith("-----BEGIN ")) return pemBlocks(text);
  const bytes = requireBase64(text);
  const inner = bytes.toString("latin1");
  return inner.startsWith("-----BEGIN ") ? pemBlocks(inner) : [{ type, bytes }];
}
