import {
  constants,
  createHmac,
  createPublicKey,
  type KeyObject,
  timingSafeEqual,
  verify,
  X509Certificate,
} from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { BoundedCache } from "./bounded-cache.ts";
import { BuiltinError } from "./builtin.ts";

/** A key that may verify a token; `secret` for HMAC. */
export type VerificationKey = {
  readonly algorithm: string;
  readonly id: string;
  readonly key: KeyObject | Buffer;
};

/** The algorithms of RFC 7518 and RFC 8037 that OPA knows. `none` is not one of them. */
export const ALGORITHMS: ReadonlySet<string> = new Set(
  ["HS", "RS", "PS", "ES"]
    .flatMap((family) => [256, 384, 512].map((bits) => `${family}${bits}`))
    .concat("EdDSA"),
);

/** Parsed key sets that are kept, as many as OPA keeps. A policy verifies with a few, again and again. */
export const KEY_SETS_MAX = 100;
const keySets = new BoundedCache<readonly VerificationKey[]>(KEY_SETS_MAX);

/** The keys of a PEM certificate, a PEM public key, a JWK or a JWK set. @throws BuiltinError */
export function verificationKeys(text: string): readonly VerificationKey[] {
  return keySets.get(text, () => (text.includes("-----BEGIN") ? [pemKey(text)] : jwkKeys(text)));
}

const PEM = /^\s*-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[^-]+-----END \1-----\n?$/;

function pemKey(pem: string): VerificationKey {
  const [, type] = PEM.exec(pem) ?? [];
  if (type === undefined) throw new BuiltinError("failed to extract a key from the PEM");
  try {
    const key = type === "CERTIFICATE" ? new X509Certificate(pem).publicKey : createPublicKey(pem);
    return { algorithm: "", id: "", key };
  } catch (error) {
    throw new BuiltinError(`failed to parse a PEM key: ${String(error)}`, { cause: error });
  }
}

function jwkKeys(text: string): readonly VerificationKey[] {
  return parseJwks(text)
    .map((jwk) => ({ algorithm: textOf(jwk.alg), id: textOf(jwk.kid), key: publicKeyOf(jwk) }))
    .filter(({ algorithm }) => algorithm === "" || ALGORITHMS.has(algorithm));
}

/** The keys of a JWK or a JWK set, unparsed. @throws BuiltinError */
export function parseJwks(text: string): readonly JsonObject[] {
  let document: JsonValue;
  try {
    document = JSON.parse(text) as JsonValue;
  } catch (error) {
    throw new BuiltinError("failed to parse a JWK key (set)", { cause: error });
  }
  const keys =
    isJsonObject(document) && Array.isArray(document.keys) ? (document.keys as JsonValue[]) : [document];
  return keys.map((key) => {
    if (!isJsonObject(key)) throw new BuiltinError("a JWK must be an object");
    return key;
  });
}

function publicKeyOf(jwk: JsonObject): KeyObject | Buffer {
  if (jwk.kty === "oct") return Buffer.from(textOf(jwk.k), "base64url");
  try {
    return createPublicKey({ key: jwk as unknown as Record<string, string>, format: "jwk" });
  } catch (error) {
    throw new BuiltinError(`failed to parse a JWK: ${String(error)}`, { cause: error });
  }
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** Whether a signature is the key's. False for a key of another type than the algorithm's. */
export function verifySignature(
  algorithm: string,
  key: KeyObject | Buffer,
  signed: string,
  signature: Buffer,
): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  const data = Buffer.from(signed, "utf8");
  if (Buffer.isBuffer(key)) return algorithm.startsWith("HS") && verifyHmac(hash, key, data, signature);
  const type = key.asymmetricKeyType;
  switch (algorithm.slice(0, 2)) {
    case "RS":
      return type === "rsa" && verify(hash, data, key, signature);
    case "PS":
      return type === "rsa" && verify(hash, data, { key, ...PSS }, signature);
    case "ES":
      return type === "ec" && verify(hash, data, { key, dsaEncoding: "ieee-p1363" }, signature);
    case "Ed":
      return type === "ed25519" && verify(null, data, key, signature);
    default:
      return false;
  }
}

export const PSS = {
  padding: constants.RSA_PKCS1_PSS_PADDING,
  saltLength: constants.RSA_PSS_SALTLEN_AUTO,
} as const;

function verifyHmac(hash: string, secret: Buffer, data: Buffer, signature: Buffer): boolean {
  const expected = createHmac(hash, secret).update(data).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}
