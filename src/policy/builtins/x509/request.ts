/** Certificate requests (PKCS #10, RFC 2986) as Go's crypto/x509 reads and prints them. */
import { BuiltinError } from "../builtin.ts";
import type { RegoObject, RegoValue } from "../value.ts";
import { type Extension, readExtensionList } from "./certificate.ts";
import { DerReader, malformed, type Oid, parseOid, rightAligned, sameOid, TAG } from "./der.ts";
import { NO_NAMES, readAlternativeNames } from "./extensions.ts";
import {
  base64,
  extensionJson,
  ipText,
  listOrNull,
  nameJson,
  objectOf,
  publicKeyJson,
  urlJson,
} from "./json.ts";
import { parseAsn1String, readName } from "./name.ts";
import { readAlgorithm, readPublicKeyInfo } from "./public-key.ts";
import { signatureAlgorithm } from "./signature.ts";

const EXTENSION_REQUEST: Oid = [1, 2, 840, 113549, 1, 9, 14];
const SUBJECT_ALT_NAME: Oid = [2, 5, 29, 17];

/** A request as JSON. Its signature is not verified. @throws BuiltinError */
export function certificateRequestJson(der: Buffer): RegoObject {
  const outer = new DerReader(der, "certificate request");
  const { raw, content } = outer.element(TAG.sequence);
  if (!outer.empty) throw malformed("certificate request: more follows");
  const reader = new DerReader(content, "certificate request");
  const tbs = reader.element(TAG.sequence);
  const algorithm = readAlgorithm(reader.inside());
  const signature = rightAligned(reader.bitString());
  const inner = new DerReader(tbs.content, "certificate request");
  const version = inner.smallInteger();
  const subject = inner.element(TAG.sequence);
  const publicKey = readPublicKeyInfo(inner);
  const attributes = inner.empty ? [] : readElements(inner.inside(0xa0));
  const extensions = attributes.flatMap(requestedExtensions);
  const names =
    extensions
      .filter(({ id }) => sameOid(id, SUBJECT_ALT_NAME))
      .map(({ value }) => readAlternativeNames(value))
      .at(-1) ?? NO_NAMES;
  return objectOf({
    Raw: base64(raw),
    RawTBSCertificateRequest: base64(tbs.raw),
    RawSubjectPublicKeyInfo: base64(publicKey.raw),
    RawSubject: base64(subject.raw),
    Version: version,
    Signature: base64(signature),
    SignatureAlgorithm: signatureAlgorithm(algorithm),
    PublicKeyAlgorithm: publicKey.algorithm,
    PublicKey: publicKeyJson(publicKey.key),
    Subject: nameJson(readName(new DerReader(subject.content, "subject"), anyValue)),
    Attributes: listOrNull(attributes.flatMap(attributeJson), (attribute) => attribute),
    Extensions: listOrNull(extensions, extensionJson),
    ExtraExtensions: null,
    DNSNames: listOrNull(names.dnsNames, (name) => name),
    EmailAddresses: listOrNull(names.emailAddresses, (name) => name),
    IPAddresses: listOrNull(names.ipAddresses, ipText),
    URIs: listOrNull(names.uris, urlJson),
  });
}

function readElements(reader: DerReader): readonly Buffer[] {
  const elements: Buffer[] = [];
  while (!reader.empty) elements.push(reader.any().raw);
  return elements;
}

/** Extensions that an attribute asks for; none for another attribute, and for one that cannot be read. */
function requestedExtensions(attribute: Buffer): readonly Extension[] {
  const value = unlessMalformed(() => {
    const reader = new DerReader(attribute, "attribute").inside();
    return sameOid(reader.oid(), EXTENSION_REQUEST) ? reader.inside(TAG.set) : undefined;
  });
  return value === undefined ? [] : readExtensionList(value.inside());
}

function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof BuiltinError) return undefined;
    throw error;
  }
}

/**
 * Go shows the attributes whose values are lists of an identifier and a value, and of each list the first two elements:
 * of a critical extension that is the flag and not the value.
 */
function attributeJson(attribute: Buffer): readonly RegoValue[] {
  const shown = unlessMalformed(() => {
    const reader = new DerReader(attribute, "attribute").inside();
    const type = reader.oid();
    const values = readElements(reader.inside(TAG.set)).map((set) =>
      readElements(new DerReader(set, "attribute").inside()).map(pairJson),
    );
    return objectOf({ Type: type, Value: values });
  });
  return shown === undefined ? [] : [shown];
}

function pairJson(element: Buffer): RegoValue {
  const reader = new DerReader(element, "attribute").inside();
  const type = reader.oid();
  const { tag, content } = reader.any();
  return objectOf({ Type: type, Value: anyValue(tag, content) });
}

/** A value of any type, as Go shows it in a request; null for a type that it does not know. */
function anyValue(tag: number, content: Buffer): RegoValue {
  switch (tag) {
    case TAG.boolean:
      return content[0] === 0xff;
    case TAG.octetString:
      return base64(content);
    case TAG.objectIdentifier:
      return parseOid(content, "attribute");
    case TAG.utf8String:
    case TAG.printableString:
    case TAG.ia5String:
    case TAG.t61String:
    case TAG.numericString:
    case TAG.bmpString:
      return parseAsn1String(tag, content);
    default:
      return null;
  }
}
