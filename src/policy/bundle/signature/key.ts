import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { BundleError } from "../error.ts";

/** Algorithms of signatures that OPA knows. */
export const SIGNATURE_ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "HS256",
  "HS384",
  "HS512",
] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

export type VerificationKey = {
  readonly algorithm: SignatureAlgorithm;
  /** A public key or certificate in PEM; for HS algorithms the secret itself. */
  readonly key: string;
  /** What a signature by this key must be for, where the bundle says nothing of its own. */
  readonly scope?: string;
};

/** How the signature of a bundle is verified. Where there is one of these, an unsigned bundle is refused. */
export type Verification = {
  /** A bundle may also be unsigned; a signature that is there is verified all the same. */
  readonly optional?: true;
  readonly keys: ReadonlyMap<string, VerificationKey>;
  /** The one key that counts, whatever the signature names. */
  readonly keyId?: string;
  /** What the signature must be for: its claim `scope`. */
  readonly scope?: string;
  /** Files whose content is not signed, as patterns of Go's `filepath.Match` over paths in the bundle. */
  readonly excludeFiles?: readonly string[];
};

/** The key in the form that verifies. @throws BundleError that names the key and quotes nothing of it */
export function keyObjectOf(id: string, { algorithm, key }: VerificationKey): KeyObject {
  try {
    return algorithm.startsWith("HS") ? createSecretKey(Buffer.from(key)) : createPublicKey(key);
  } catch (error) {
    throw new BundleError(
      `the key ${id} to verify its signature with cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
