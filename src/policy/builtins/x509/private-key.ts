/** Private keys as Go's crypto/x509 reads them, in the JSON form of Go and as JSON Web Keys. */
import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { BuiltinError } from "../builtin.ts";
import { numberOf } from "../decimal.ts";
import type { RegoObject, RegoValue } from "../value.ts";
import { DerReader } from "./der.ts";
import { base64, objectOf } from "./json.ts";
import { decodeBase64, type PemBlock, pemBlocks } from "./pem.ts";
import { readPublicKeyInfo } from "./public-key.ts";

export type PrivateKey = { readonly key: KeyObject; readonly jwk: JsonWebKey };

const CONTAINERS: ReadonlyMap<string, "pkcs1" | "pkcs8" | "sec1"> = new Map([
  ["RSA PRIVATE KEY", "pkcs1"],
  ["PRIVATE KEY", "pkcs8"],
  ["EC PRIVATE KEY", "sec1"],
]);

/** The private keys of a text: PEM, or base64 of it. Blocks of other types are passed over. @throws BuiltinError */
export function privateKeysOf(text: string): readonly PrivateKey[] {
  const pem = decodeBase64(text)?.toString("latin1") ?? text;
  return pemBlocks(pem).flatMap(({ type, bytes }: PemBlock) => {
    const container = CONTAINERS.get(type);
    return container === undefined ? [] : [parsePrivateKey(bytes, container)];
  });
}

/** A key of which only the bytes are known. @throws BuiltinError */
export function parseAnyPrivateKey(der: Buffer): PrivateKey {
  for (const container of ["pkcs1", "pkcs8", "sec1"] as const) {
    try {
      return parsePrivateKey(der, container);
    } catch (error) {
      if (!(error instanceof BuiltinError)) throw error;
    }
  }
  throw new BuiltinError("failed to parse the private key");
}

function parsePrivateKey(der: Buffer, type: "pkcs1" | "pkcs8" | "sec1"): PrivateKey {
  try {
    const key = createPrivateKey({ key: der, format: "der", type });
    const jwk = key.export({ format: "jwk" });
    if (jwk.kty === "RSA") assertConsistent(jwk);
    return { key, jwk };
  } catch (error) {
    throw new BuiltinError(`x509: failed to parse the private key: ${String(error)}`, { cause: error });
  }
}

/** OpenSSL takes numbers that do not belong together; Go does not. */
function assertConsistent(jwk: JsonWebKey): void {
  const [n, e, d, p, q] = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q].map(integer) as [
    bigint,
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const holds = p > 1n && q > 1n && p * q === n && (e * d) % (p - 1n) === 1n && (e * d) % (q - 1n) === 1n;
  if (!holds) throw new BuiltinError("x509: the numbers of the RSA key do not belong together");
}

function integer(text: string | undefined): bigint {
  const hex = Buffer.from(text ?? "", "base64url").toString("hex");
  return hex === "" ? 0n : BigInt(`0x${hex}`);
}

/** The key as Go's encoding/json writes it. @throws BuiltinError for a kind of key that Go does not read. */
export function privateKeyJson({ key, jwk }: PrivateKey): RegoValue {
  const number = (text: string | undefined) => numberOf(integer(text));
  switch (key.asymmetricKeyType) {
    case "rsa":
      return objectOf({
        N: number(jwk.n),
        E: number(jwk.e),
        D: number(jwk.d),
        Primes: [number(jwk.p), number(jwk.q)],
        Precomputed: objectOf({
          Dp: number(jwk.dp),
          Dq: number(jwk.dq),
          Qinv: number(jwk.qi),
          CRTValues: [],
        }),
      });
    case "ec":
      return objectOf({ Curve: new Map(), X: number(jwk.x), Y: number(jwk.y), D: number(jwk.d) });
    case "ed25519":
      return base64(Buffer.concat([jwk.d, jwk.x].map((part) => Buffer.from(part ?? "", "base64url"))));
    case "x25519":
      return new Map();
    default:
      throw new BuiltinError(`x509: private keys of type ${key.asymmetricKeyType} are not known`);
  }
}

/** The key as a JSON Web Key (RFC 7517). */
export function jwkJson({ jwk }: PrivateKey): RegoObject {
  return new Map(
    Object.entries(jwk).filter((member): member is [string, string] => typeof member[1] === "string"),
  );
}

/** Whether a certificate's public key is that of a private key. */
export function belongsTo({ key }: PrivateKey, publicKey: ReturnType<typeof readPublicKeyInfo>): boolean {
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return readPublicKeyInfo(new DerReader(spki, "public key")).raw.equals(publicKey.raw);
}
