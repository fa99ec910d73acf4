import { createPublicKey, type KeyObject } from "node:crypto";
import { BuiltinError } from "../builtin.ts";
import { DerReader, malformed, type Oid, rightAligned, sameOid, TAG } from "./der.ts";

/** Go's numbers of the algorithms of public keys; 0 is one that it does not know. */
export const KEY_ALGORITHM = { unknown: 0, rsa: 1, dsa: 2, ecdsa: 3, ed25519: 4 } as const;

export type AlgorithmIdentifier = { readonly oid: Oid; readonly parameters: Buffer };

export type PublicKey =
  | { readonly kind: "rsa"; readonly n: bigint; readonly e: bigint }
  | { readonly kind: "dsa"; readonly y: bigint; readonly p: bigint; readonly q: bigint; readonly g: bigint }
  | { readonly kind: "ecdsa"; readonly x: bigint; readonly y: bigint }
  | { readonly kind: "ed25519"; readonly bytes: Buffer };

export type SubjectPublicKeyInfo = {
  readonly raw: Buffer;
  readonly algorithm: number;
  /** Undefined for an algorithm that Go does not know. */
  readonly key: PublicKey | undefined;
};

const RSA: Oid = [1, 2, 840, 113549, 1, 1, 1];
const DSA: Oid = [1, 2, 840, 10040, 4, 1];
const EC: Oid = [1, 2, 840, 10045, 2, 1];
const ED25519: Oid = [1, 3, 101, 112];

/** Bytes of a coordinate by curve: P-224, P-256, P-384, P-521. */
const CURVES: readonly (readonly [Oid, number])[] = [
  [[1, 3, 132, 0, 33], 28],
  [[1, 2, 840, 10045, 3, 1, 7], 32],
  [[1, 3, 132, 0, 34], 48],
  [[1, 3, 132, 0, 35], 66],
];

/** Reads the content of an AlgorithmIdentifier (RFC 5280, 4.1.1.2). @throws BuiltinError */
export function readAlgorithm(reader: DerReader): AlgorithmIdentifier {
  const oid = reader.oid();
  return { oid, parameters: reader.empty ? Buffer.alloc(0) : reader.any().raw };
}

/** Reads a SubjectPublicKeyInfo (RFC 5280, 4.1.2.7). @throws BuiltinError */
export function readPublicKeyInfo(outer: DerReader): SubjectPublicKeyInfo {
  const { raw, content } = outer.element(TAG.sequence);
  const reader = new DerReader(content, "subject public key");
  const { oid, parameters } = readAlgorithm(reader.inside());
  const bytes = rightAligned(reader.bitString());
  const family = FAMILIES.find(({ id }) => sameOid(id, oid));
  if (family === undefined) return { raw, algorithm: KEY_ALGORITHM.unknown, key: undefined };
  return { raw, algorithm: family.algorithm, key: family.parse(bytes, parameters, raw) };
}

type Family = {
  readonly id: Oid;
  readonly algorithm: number;
  readonly parse: (bytes: Buffer, parameters: Buffer, raw: Buffer) => PublicKey;
};

const FAMILIES: readonly Family[] = [
  { id: RSA, algorithm: KEY_ALGORITHM.rsa, parse: parseRsa },
  { id: DSA, algorithm: KEY_ALGORITHM.dsa, parse: parseDsa },
  { id: EC, algorithm: KEY_ALGORITHM.ecdsa, parse: parseEc },
  { id: ED25519, algorithm: KEY_ALGORITHM.ed25519, parse: parseEd25519 },
];

function parseRsa(bytes: Buffer, parameters: Buffer): PublicKey {
  if (parameters.toString("hex") !== "0500") throw malformed("RSA key: its parameters are not NULL");
  const reader = new DerReader(bytes, "RSA public key").inside();
  const n = reader.integer();
  const e = reader.integer();
  if (n <= 0n || e <= 0n || BigInt.asIntN(64, e) !== e) throw malformed("RSA public key");
  return { kind: "rsa", n, e };
}

function parseDsa(bytes: Buffer, parameters: Buffer): PublicKey {
  const y = new DerReader(bytes, "DSA public key").integer();
  const reader = new DerReader(parameters, "DSA parameters").inside();
  const [p, q, g] = [reader.integer(), reader.integer(), reader.integer()];
  if ([y, p, q, g].some((value) => value <= 0n)) throw malformed("DSA public key");
  return { kind: "dsa", y, p, q, g };
}

function parseEc(bytes: Buffer, parameters: Buffer, raw: Buffer): PublicKey {
  const curve = new DerReader(parameters, "ECDSA parameters").oid();
  const size = CURVES.find(([oid]) => sameOid(oid, curve))?.[1];
  if (size === undefined || bytes.length !== 1 + 2 * size || bytes[0] !== 4)
    throw malformed("ECDSA public key");
  // The library refuses points that are not on the curve.
  keyObject(raw);
  const coordinate = (from: number) => BigInt(`0x${bytes.toString("hex", from, from + size)}`);
  return { kind: "ecdsa", x: coordinate(1), y: coordinate(1 + size) };
}

function parseEd25519(bytes: Buffer, parameters: Buffer): PublicKey {
  if (parameters.length !== 0 || bytes.length !== 32) throw malformed("Ed25519 public key");
  return { kind: "ed25519", bytes };
}

/** The key for node:crypto. @throws BuiltinError when it refuses it. */
export function keyObject(raw: Buffer): KeyObject {
  try {
    return createPublicKey({ key: raw, format: "der", type: "spki" });
  } catch (error) {
    throw new BuiltinError("x509: the public key cannot be used", { cause: error });
  }
}
