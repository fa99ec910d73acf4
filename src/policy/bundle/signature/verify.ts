import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, jwtVerify } from "jose";
import { isJsonObject, type JsonValue } from "../../../exchange/json.ts";
import { BundleError } from "../error.ts";
import { digestOf } from "./digest.ts";
import { matchesGoGlob } from "./glob.ts";
import { keyObjectOf, type Verification, type VerificationKey } from "./key.ts";

const SIGNATURES_FILE = ".signatures.json";

/** How far the clocks of who signs and who verifies may be apart, seconds. */
export const CLOCK_TOLERANCE_S = 60;

/**
 * Verifies the signature of a bundle, before anything else in it is believed: that its token is signed with a key that
 * is configured, is for the scope that is configured, is valid now if it says until when it is, and covers each file as
 * it is, no more and no less.
 * @param verification undefined: no key is configured, and a bundle that is signed all the same is refused, as by OPA
 * @param nowMs milliseconds since the epoch
 * @throws BundleError, another one for each fault
 * @see https://www.openpolicyagent.org/docs/management-bundles#signing
 */
export async function verifySignature(
  files: ReadonlyMap<string, Buffer>,
  verification: Verification | undefined,
  nowMs: number,
): Promise<void> {
  const token = findToken(files);
  if (verification === undefined) {
    if (token === undefined) return;
    throw new BundleError("it is signed and no key is configured: name one under bundles[].verification");
  }
  if (token === undefined && verification.optional === true) return;
  if (token === undefined)
    throw new BundleError(`it holds no ${SIGNATURES_FILE}: a key is configured, so it must be signed`);
  const { id, key } = keyFor(token, verification);
  const payload = await verifyToken(token, id, key, nowMs);
  assertScope(payload.scope, verification.scope ?? key.scope ?? "");
  verifyFiles(files, signedFiles(payload.files), verification.excludeFiles ?? []);
}

function isSignatures(path: string): boolean {
  return path === SIGNATURES_FILE || path.endsWith(`/${SIGNATURES_FILE}`);
}

function findToken(files: ReadonlyMap<string, Buffer>): string | undefined {
  const [path, other] = [...files.keys()].filter(isSignatures);
  if (path === undefined) return undefined;
  if (other !== undefined) throw new BundleError(`it holds two files of signatures: ${path} and ${other}`);
  let parsed: JsonValue;
  try {
    parsed = JSON.parse((files.get(path) ?? Buffer.alloc(0)).toString("utf8")) as JsonValue;
  } catch (error) {
    throw new BundleError(`${path} is not JSON: ${String(error)}`, { cause: error });
  }
  const { signatures, plugin = "" } = isJsonObject(parsed) ? parsed : {};
  if (plugin !== "" && plugin !== "_default")
    throw new BundleError(
      `${path} asks for the verifier ${JSON.stringify(plugin)}, which Regent does not have`,
    );
  const [token] = Array.isArray(signatures) && signatures.length === 1 ? signatures : [];
  if (typeof token !== "string") throw new BundleError(`${path} must hold exactly one signature`);
  return token;
}

/** The key that the configuration names, else the one that the token names in its header or, formerly, its claims. */
function keyFor(
  token: string,
  { keys, keyId }: Verification,
): { readonly id: string; readonly key: VerificationKey } {
  const id = keyId ?? namedKey(token);
  if (id === undefined || id === "")
    throw new BundleError("its signature names no key: set verification.keyId");
  const key = keys.get(id);
  if (key !== undefined) return { id, key };
  throw new BundleError(
    `its signature is by the key ${JSON.stringify(id)}, which is not configured; configured are ${[...keys.keys()].join(", ") || "none"}`,
  );
}

function namedKey(token: string): string | undefined {
  try {
    const { kid } = decodeProtectedHeader(token);
    const named = kid ?? decodeJwt(token).keyid;
    return typeof named === "string" ? named : undefined;
  } catch (error) {
    throw new BundleError(`its signature is no JSON web token: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

async function verifyToken(
  token: string,
  id: string,
  key: VerificationKey,
  nowMs: number,
): Promise<JWTPayload> {
  const keyObject = keyObjectOf(id, key);
  try {
    const { payload } = await jwtVerify(token, keyObject, {
      algorithms: [key.algorithm],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(nowMs),
    });
    return payload;
  } catch (error) {
    throw new BundleError(tokenFault(error as Error, id, key.algorithm), { cause: error });
  }
}

function tokenFault(error: Error, id: string, algorithm: string): string {
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return `its signature does not match the key ${id}: it was signed with another key, or changed since`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `its signature is not of the algorithm ${algorithm}, for which the key ${id} is configured`;
  if (error instanceof errors.JWTExpired)
    return `its signature has expired at ${instant(error.payload.exp)}: sign the bundle again`;
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf")
    return `its signature is not valid before ${instant(error.payload.nbf)}: look at the clocks`;
  return `its signature cannot be verified with the key ${id}: ${error.message}`;
}

function instant(seconds: number | undefined): string {
  const date = new Date((seconds ?? Number.NaN) * 1000);
  return Number.isNaN(date.getTime()) ? "a time that is none" : date.toISOString();
}

function assertScope(scope: unknown, expected: string): void {
  const given = scope ?? "";
  if (given !== expected)
    throw new BundleError(
      `its signature is for the scope ${JSON.stringify(given)}, and ${JSON.stringify(expected)} is configured`,
    );
}

type SignedFile = { readonly hash: string; readonly algorithm: string };

/** The files that a token speaks of, by path. */
function signedFiles(claim: unknown): Map<string, SignedFile> {
  const signed = new Map<string, SignedFile>();
  if (!Array.isArray(claim))
    throw new BundleError("its signature covers no files: the claim files is missing");
  for (const file of claim as readonly unknown[]) {
    const { name, hash, algorithm } = isJsonObject(file) ? file : {};
    if (typeof name !== "string" || typeof hash !== "string" || typeof algorithm !== "string")
      throw new BundleError("its signature covers a file without a name, a hash or an algorithm");
    const path = name.replace(/^(?:\.?\/)+/, "");
    if (signed.has(path)) throw new BundleError(`its signature covers ${path} twice`);
    signed.set(path, { hash, algorithm });
  }
  return signed;
}

function verifyFiles(
  files: ReadonlyMap<string, Buffer>,
  signed: Map<string, SignedFile>,
  excluded: readonly string[],
): void {
  for (const [path, content] of files) {
    if (isSignatures(path)) continue;
    const file = signed.get(path);
    signed.delete(path);
    if (excluded.some((pattern) => matchesGoGlob(pattern, path))) continue;
    if (file === undefined) throw new BundleError(`it holds ${path}, which its signature does not cover`);
    if (digestOf(path, content, file.algorithm) !== file.hash.toLowerCase())
      throw new BundleError(`${path} is not what was signed: its ${file.algorithm} hash is another one`);
  }
  if (signed.size > 0)
    throw new BundleError(`its signature covers ${[...signed.keys()].join(", ")}, which it does not hold`);
}
