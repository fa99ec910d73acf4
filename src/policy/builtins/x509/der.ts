import { BuiltinError } from "../builtin.ts";

/** Tags of ASN.1 (X.690), and how tags of a context are made. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

export function contextTag(number: number, form: "primitive" | "constructed" = "primitive"): number {
  return (form === "constructed" ? 0xa0 : 0x80) | number;
}

export type Element = {
  readonly tag: number;
  /** Tag and length included. */
  readonly raw: Buffer;
  readonly content: Buffer;
};

/** Object identifiers as their arcs. */
export type Oid = readonly number[];

export function malformed(what: string): BuiltinError {
  return new BuiltinError(`x509: malformed ${what}`);
}

/**
 * Reads DER (X.690) from front to back. It takes what Go's cryptobyte takes: tags of one byte, and lengths only in
 * their shortest form. Every method throws BuiltinError for anything else.
 */
export class DerReader {
  #rest: Buffer;
  /** What is being read, for messages. */
  readonly #what: string;

  constructor(bytes: Buffer, what: string) {
    this.#rest = bytes;
    this.#what = what;
  }

  get empty(): boolean {
    return this.#rest.length === 0;
  }

  has(tag: number): boolean {
    return this.#rest[0] === tag;
  }

  any(): Element {
    const [tag = 0x1f, first = 0x80] = this.#rest;
    if ((tag & 0x1f) === 0x1f) throw malformed(this.#what);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    if (first === 0x80 || lengthBytes > 4 || this.#rest.length < 2 + lengthBytes) throw malformed(this.#what);
    const length = lengthBytes === 0 ? first : this.#rest.readUIntBE(2, lengthBytes);
    const shortest = lengthBytes === 0 || (length >= 0x80 && length >= 2 ** (8 * (lengthBytes - 1)));
    const start = 2 + lengthBytes;
    if (!shortest || this.#rest.length < start + length) throw malformed(this.#what);
    const raw = this.#rest.subarray(0, start + length);
    this.#rest = this.#rest.subarray(start + length);
    return { tag, raw, content: raw.subarray(start) };
  }

  element(tag: number): Element {
    if (!this.has(tag)) throw malformed(this.#what);
    return this.any();
  }

  /** The content of an element of this tag, or undefined when the next one is another. */
  optional(tag: number): Buffer | undefined {
    return this.has(tag) ? this.any().content : undefined;
  }

  /** A reader of the content of an element. */
  inside(tag: number = TAG.sequence): DerReader {
    return new DerReader(this.element(tag).content, this.#what);
  }

  integer(tag: number = TAG.integer): bigint {
    const { content } = this.element(tag);
    const [first, second = 0] = content;
    if (first === undefined) throw malformed(this.#what);
    const padded =
      content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
    if (padded) throw malformed(this.#what);
    return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString("hex")}`));
  }

  /** An integer that Go's int holds. */
  smallInteger(tag: number = TAG.integer): number {
    const value = this.integer(tag);
    if (BigInt.asIntN(64, value) !== value) throw malformed(this.#what);
    return Number(value);
  }

  boolean(): boolean {
    const { content } = this.element(TAG.boolean);
    if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) throw malformed(this.#what);
    return content[0] === 0xff;
  }

  oid(): Oid {
    return parseOid(this.element(TAG.objectIdentifier).content, this.#what);
  }

  /** The bits as whole bytes, moved to the right as Go does with signatures and keys. */
  bitString(): { readonly bytes: Buffer; readonly unused: number } {
    const { content } = this.element(TAG.bitString);
    const [unused] = content;
    const bytes = content.subarray(1);
    const last = bytes.at(-1);
    const wrong =
      unused === undefined ||
      unused > 7 ||
      (unused !== 0 && (last === undefined || (last & ((1 << unused) - 1)) !== 0));
    if (wrong) throw malformed(this.#what);
    return { bytes, unused };
  }
}

/** Arcs that do not fit 31 bits, and such as are written with leading zeros, are refused. */
export function parseOid(bytes: Buffer, what: string): Oid {
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const byte of bytes) {
    if (fresh && byte === 0x80) throw malformed(what);
    arc = arc * 128 + (byte & 0x7f);
    fresh = byte < 0x80;
    if (arc > 0x7fffffff) throw malformed(what);
    if (fresh) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [first] = arcs;
  if (first === undefined || !fresh) throw malformed(what);
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...arcs.slice(1)];
}

export function sameOid(a: Oid, b: Oid): boolean {
  return a.length === b.length && a.every((arc, index) => arc === b[index]);
}

/** Bits of a bit string to the right end, with zeros at the left. */
export function rightAligned({ bytes, unused }: { readonly bytes: Buffer; readonly unused: number }): Buffer {
  if (unused === 0) return bytes;
  const value = BigInt(`0x${bytes.toString("hex")}`) >> BigInt(unused);
  return Buffer.from(value.toString(16).padStart(bytes.length * 2, "0"), "hex");
}
