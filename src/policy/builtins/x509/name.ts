import { BuiltinError } from "../builtin.ts";
import type { RegoValue } from "../value.ts";
import { type DerReader, malformed, type Oid, TAG } from "./der.ts";

/** A distinguished name (RFC 5280, 4.1.2.4) as its attributes in order. Values are strings in certificates. */
export type Name = readonly { readonly type: Oid; readonly value: RegoValue }[];

/** Reads the content of a Name. @throws BuiltinError, and what `parseValue` throws */
export function readName(
  reader: DerReader,
  parseValue: (tag: number, content: Buffer) => RegoValue = parseAsn1String,
): Name {
  const attributes: { type: Oid; value: RegoValue }[] = [];
  while (!reader.empty) {
    const set = reader.inside(TAG.set);
    while (!set.empty) {
      const attribute = set.inside();
      const type = attribute.oid();
      const { tag, content } = attribute.any();
      attributes.push({ type, value: parseValue(tag, content) });
    }
  }
  return attributes;
}

const PRINTABLE = /^[A-Za-z0-9'()+,\-./ :=?*&]*$/;

/** A string of any of ASN.1's types. @throws BuiltinError for characters that the type has not, and for other types. */
export function parseAsn1String(tag: number, content: Buffer): string {
  switch (tag) {
    case TAG.t61String:
      return content.toString("latin1");
    case TAG.printableString:
      return matching(content.toString("latin1"), PRINTABLE);
    case TAG.utf8String:
      return decodeUtf8(content);
    case TAG.bmpString:
      return decodeBmp(content);
    case TAG.ia5String:
      return ia5String(content);
    case TAG.numericString:
      return matching(content.toString("latin1"), /^[0-9 ]*$/);
    default:
      throw new BuiltinError(`x509: unsupported string type ${tag}`);
  }
}

/** @throws BuiltinError for bytes beyond ASCII. */
export function ia5String(content: Buffer): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: IA5 has control characters.
  return matching(content.toString("latin1"), /^[\u0000-\u007f]*$/);
}

function matching(text: string, characters: RegExp): string {
  if (!characters.test(text)) throw malformed("string");
  return text;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeUtf8(content: Buffer): string {
  try {
    return utf8.decode(content);
  } catch (error) {
    throw new BuiltinError("x509: invalid UTF-8 string", { cause: error });
  }
}

/** UCS-2, big endian, without surrogates and characters that there are not; a zero at the end is left out. */
function decodeBmp(content: Buffer): string {
  if (content.length % 2 !== 0) throw malformed("BMPString");
  const text = Buffer.from(content).swap16().toString("utf16le");
  const trimmed = text.endsWith("\u0000") ? text.slice(0, -1) : text;
  return matching(trimmed, /^[^\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]*$/);
}
