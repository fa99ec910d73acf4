import { constants, verify } from "node:crypto";
import { DerReader, type Oid, sameOid, TAG } from "./der.ts";
import {
  type AlgorithmIdentifier,
  KEY_ALGORITHM,
  keyObject,
  type SubjectPublicKeyInfo,
} from "./public-key.ts";

type Algorithm = {
  /** Go's number. */
  readonly number: number;
  readonly oid: Oid;
  readonly keys: number;
  /** Undefined where the key brings its own. */
  readonly hash?: string;
  /** Bytes of salt, for PSS. */
  readonly salt?: number;
};

const rsa = (last: number): Oid => [1, 2, 840, 113549, 1, 1, last];
const ecdsa = (...last: readonly number[]): Oid => [1, 2, 840, 10045, 4, ...last];
const PSS = rsa(10);

/** Go's numbers; what it does not know is 0. MD5 and SHA-1 are named but verify nothing. */
const ALGORITHMS: readonly Algorithm[] = [
  { number: 2, oid: rsa(4), keys: KEY_ALGORITHM.rsa, hash: "md5" },
  { number: 3, oid: rsa(5), keys: KEY_ALGORITHM.rsa, hash: "sha1" },
  { number: 3, oid: [1, 3, 14, 3, 2, 29], keys: KEY_ALGORITHM.rsa, hash: "sha1" },
  { number: 4, oid: rsa(11), keys: KEY_ALGORITHM.rsa, hash: "sha256" },
  { number: 5, oid: rsa(12), keys: KEY_ALGORITHM.rsa, hash: "sha384" },
  { number: 6, oid: rsa(13), keys: KEY_ALGORITHM.rsa, hash: "sha512" },
  { number: 7, oid: [1, 2, 840, 10040, 4, 3], keys: KEY_ALGORITHM.dsa, hash: "sha1" },
  { number: 8, oid: [2, 16, 840, 1, 101, 3, 4, 3, 2], keys: KEY_ALGORITHM.dsa, hash: "sha256" },
  { number: 9, oid: ecdsa(1), keys: KEY_ALGORITHM.ecdsa, hash: "sha1" },
  { number: 10, oid: ecdsa(3, 2), keys: KEY_ALGORITHM.ecdsa, hash: "sha256" },
  { number: 11, oid: ecdsa(3, 3), keys: KEY_ALGORITHM.ecdsa, hash: "sha384" },
  { number: 12, oid: ecdsa(3, 4), keys: KEY_ALGORITHM.ecdsa, hash: "sha512" },
  { number: 13, oid: PSS, keys: KEY_ALGORITHM.rsa, hash: "sha256", salt: 32 },
  { number: 14, oid: PSS, keys: KEY_ALGORITHM.rsa, hash: "sha384", salt: 48 },
  { number: 15, oid: PSS, keys: KEY_ALGORITHM.rsa, hash: "sha512", salt: 64 },
  { number: 16, oid: [1, 3, 101, 112], keys: KEY_ALGORITHM.ed25519 },
];

const INSECURE = new Set(["md5", "sha1"]);

/** Go's number of a signature algorithm; 0 when it does not know it. */
export function signatureAlgorithm({ oid, parameters }: AlgorithmIdentifier): number {
  const salt = sameOid(oid, PSS) ? pssSalt(parameters) : undefined;
  if (sameOid(oid, PSS) && salt === undefined) return 0;
  const found = ALGORITHMS.find((algorithm) => sameOid(algorithm.oid, oid) && algorithm.salt === salt);
  if (found === undefined || (found.keys === KEY_ALGORITHM.ed25519 && parameters.length > 0)) return 0;
  return found.number;
}

const HASH_SALTS: ReadonlyMap<string, number> = new Map([
  ["2.16.840.1.101.3.4.2.1", 32],
  ["2.16.840.1.101.3.4.2.2", 48],
  ["2.16.840.1.101.3.4.2.3", 64],
]);
const MGF1 = rsa(8);

/** The length of the salt, where mask and message have the same hash and the salt its length (RFC 4055, 3.1). */
function pssSalt(parameters: Buffer): number | undefined {
  try {
    const reader = new DerReader(parameters, "PSS parameters").inside();
    const hash = readHash(new DerReader(reader.inside(0xa0).element(TAG.sequence).content, "PSS hash"));
    const mask = new DerReader(reader.inside(0xa1).element(TAG.sequence).content, "PSS mask");
    const isMgf1 = sameOid(mask.oid(), MGF1);
    const maskHash = readHash(mask.inside());
    const salt = reader.inside(0xa2).smallInteger();
    const trailer = reader.empty ? 1 : reader.inside(0xa3).smallInteger();
    const known = isMgf1 && hash !== undefined && hash === maskHash && trailer === 1;
    return known && HASH_SALTS.get(hash) === salt ? salt : undefined;
  } catch {
    // What cannot be read is an algorithm that is not known.
    return undefined;
  }
}

function readHash(reader: DerReader): string | undefined {
  const oid = reader.oid().join(".");
  return reader.empty || reader.any().raw.toString("hex") === "0500" ? oid : undefined;
}

/** Whether a signature over `signed` is the key's. MD5, SHA-1 and DSA verify nothing, as in Go. */
export function verifies(
  algorithm: number,
  signed: Buffer,
  signature: Buffer,
  { algorithm: keyAlgorithm, raw }: SubjectPublicKeyInfo,
): boolean {
  const found = ALGORITHMS.find(({ number }) => number === algorithm);
  if (found === undefined || found.keys !== keyAlgorithm || found.keys === KEY_ALGORITHM.dsa) return false;
  if (found.hash !== undefined && INSECURE.has(found.hash)) return false;
  const padding =
    found.salt === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: found.salt };
  return verify(found.hash, signed, { key: keyObject(raw), ...padding }, signature);
}
