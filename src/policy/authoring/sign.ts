import { createPrivateKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { SignJWT } from "jose";
import { unpackArchive } from "../bundle/archive.ts";
import { BundleError } from "../bundle/error.ts";
import { digestOf } from "../bundle/signature/digest.ts";
import type { SignatureAlgorithm } from "../bundle/signature/key.ts";
import { withFile } from "../opa/archive.ts";

export type SignOptions = {
  /** A bundle, `tar.gz`. */
  readonly bundle: string;
  /** A private key in PEM; for HS algorithms the secret, line ends around it left out. */
  readonly keyFile: string;
  readonly algorithm: SignatureAlgorithm;
  /** Goes into the header of the token, where the server looks its key up by it. */
  readonly keyId?: string;
  /** What the signature is for. */
  readonly scope?: string;
  /** Seconds from now until it is no longer valid. */
  readonly expiresInS?: number;
  /** May be the bundle itself, which is replaced then. */
  readonly output: string;
};

const SIGNATURES_FILE = ".signatures.json";
const HASH = "SHA-256";

/**
 * Signs a bundle as OPA does: the same archive with `.signatures.json` in it, a token that covers every file. A signature
 * that was there is replaced. The file appears whole or not at all.
 * @returns how many files the signature covers
 * @throws BundleError when the bundle or the key cannot be read
 * @see https://www.openpolicyagent.org/docs/management-bundles#signing
 */
export async function signBundle(options: SignOptions): Promise<number> {
  const archive = await readFile(options.bundle).catch((error: Error) => {
    throw new BundleError(`${options.bundle} cannot be read: ${error.message}`, { cause: error });
  });
  const { files } = await unpackArchive(archive).catch((error: Error) => {
    throw new BundleError(`${options.bundle} cannot be signed: ${error.message}`, { cause: error });
  });
  const covered = [...files]
    .filter(([path]) => path !== SIGNATURES_FILE)
    .map(([path, content]) => ({ name: path, hash: digestOf(path, content, HASH), algorithm: HASH }));
  const token = await tokenOf(covered, options);
  const signed = withFile(archive, SIGNATURES_FILE, Buffer.from(JSON.stringify({ signatures: [token] })));
  const temporary = `${options.output}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, signed);
    await rename(temporary, options.output);
  } finally {
    await rm(temporary, { force: true });
  }
  return covered.length;
}

async function tokenOf(
  files: readonly object[],
  { keyFile, algorithm, keyId, scope, expiresInS }: SignOptions,
): Promise<string> {
  const key = await readKey(keyFile, algorithm);
  // The claim keyid is what older servers read; the header is what counts.
  const claims = {
    files,
    ...(keyId === undefined ? {} : { keyid: keyId }),
    ...(scope === undefined ? {} : { scope }),
  };
  const token = new SignJWT(claims).setProtectedHeader({
    alg: algorithm,
    ...(keyId === undefined ? {} : { kid: keyId }),
  });
  if (expiresInS !== undefined) token.setIssuedAt().setExpirationTime(`${expiresInS}s`);
  try {
    return await token.sign(key);
  } catch (error) {
    throw new BundleError(
      `${keyFile} is no key for ${algorithm}, name the algorithm of the key with --algorithm: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

async function readKey(file: string, algorithm: SignatureAlgorithm): Promise<KeyObject> {
  try {
    const content = await readFile(file, "utf8");
    return algorithm.startsWith("HS")
      ? createSecretKey(Buffer.from(content.trim()))
      : createPrivateKey(content);
  } catch (error) {
    throw new BundleError(`the key ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
