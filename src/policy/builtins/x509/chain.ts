/** Verification of a chain of certificates as Go's Certificate.Verify does it. */
import { BuiltinError } from "../builtin.ts";
import { parseAddress } from "../ip.ts";
import type { Certificate } from "./certificate.ts";
import { assertNamesAllowed } from "./constraints.ts";
import { sameOid } from "./der.ts";
import { matchesHost } from "./domains.ts";
import { ipText } from "./json.ts";
import { policiesAllow } from "./policies.ts";
import { KEY_ALGORITHM } from "./public-key.ts";
import { verifies } from "./signature.ts";

/** Go's number of "any" and of "server authentication", which is asked for when nothing else is. */
export const ANY_USAGE = 0;
const SERVER_AUTH = 1;

export type VerifyOptions = {
  /** The leaf must be for this host or address; empty: whatever. */
  readonly dnsName: string;
  /** Nanoseconds since the epoch. */
  readonly nowNs: bigint;
  /** Go's numbers of extended key usages; empty: server authentication. */
  readonly keyUsages: readonly number[];
};

/** Signatures that one verification checks at most, as in Go: intermediates may sign one another in circles. */
const SIGNATURE_CHECKS_MAX = 100;

type Search = {
  readonly root: Certificate;
  readonly intermediates: readonly Certificate[];
  readonly nowNs: bigint;
  checks: number;
};

/**
 * A chain from the last certificate to the first, over those between in any order.
 * @returns from the leaf to the root.
 * @throws BuiltinError when there is no valid chain.
 */
export function verifyChain(
  certificates: readonly Certificate[],
  options: VerifyOptions,
): readonly Certificate[] {
  const [root] = certificates;
  const leaf = certificates.at(-1);
  if (root === undefined || leaf === undefined || certificates.length < 2)
    throw new BuiltinError("must supply at least two certificates to be able to verify");
  const search = { root, intermediates: certificates.slice(1, -1), nowNs: options.nowNs, checks: 0 };
  if (!isUsable(leaf, [], options.nowNs)) throw new BuiltinError("x509: the certificate is not valid now");
  if (options.dnsName !== "" && !isFor(leaf, options.dnsName))
    throw new BuiltinError(`x509: the certificate is not for ${options.dnsName}`);
  const chains = leaf.raw.equals(root.raw) ? [[leaf]] : chainsFrom([leaf], search);
  const usages = options.keyUsages.length === 0 ? [SERVER_AUTH] : options.keyUsages;
  const valid = chains.find((chain) => isAllowed(chain, usages));
  if (valid === undefined) throw new BuiltinError("x509: there is no valid chain to the root");
  return valid;
}

function isAllowed(chain: readonly Certificate[], usages: readonly number[]): boolean {
  if (!policiesAllow(chain)) return false;
  if (!usages.includes(ANY_USAGE) && !allowsUsage(chain, usages)) return false;
  try {
    assertNamesAllowed(chain);
    return true;
  } catch (error) {
    if (error instanceof BuiltinError) return false;
    throw error;
  }
}

function chainsFrom(chain: readonly Certificate[], search: Search): Certificate[][] {
  const chains: Certificate[][] = [];
  if (canSign(search.root, chain, search) && isUsable(search.root, chain, search.nowNs))
    chains.push([...chain, search.root]);
  for (const intermediate of search.intermediates) {
    if (!canSign(intermediate, chain, search) || intermediate.says.basicConstraints?.isCa !== true) continue;
    if (isUsable(intermediate, chain, search.nowNs))
      chains.push(...chainsFrom([...chain, intermediate], search));
  }
  return chains;
}

/** Whether a certificate signed the last one of the chain. */
function canSign(parent: Certificate, chain: readonly Certificate[], search: Search): boolean {
  const child = chain.at(-1);
  if (child === undefined || !child.rawIssuer.equals(parent.rawSubject)) return false;
  search.checks += 1;
  if (search.checks > SIGNATURE_CHECKS_MAX) return false;
  if (parent.publicKey.algorithm === KEY_ALGORITHM.unknown || isInChain(parent, chain)) return false;
  const { basicConstraints, keyUsage } = parent.says;
  if (basicConstraints === undefined ? parent.version === 3 : !basicConstraints.isCa) return false;
  if (keyUsage !== 0 && (keyUsage & KEY_CERT_SIGN) === 0) return false;
  return verifies(child.signatureAlgorithm, child.rawTbs, child.signature, parent.publicKey);
}

const KEY_CERT_SIGN = 1 << 5;

/** The same subject with the same key and the same other names counts as the same certificate. */
function isInChain(candidate: Certificate, chain: readonly Certificate[]): boolean {
  const names = (certificate: Certificate): Buffer | undefined =>
    certificate.extensions.find(({ id }) => sameOid(id, [2, 5, 29, 17]))?.value;
  const wanted = names(candidate);
  for (const certificate of chain) {
    const same =
      candidate.rawSubject.equals(certificate.rawSubject) &&
      candidate.publicKey.raw.equals(certificate.publicKey.raw);
    if (!same) continue;
    const found = names(certificate);
    if (wanted === undefined || found === undefined) return wanted === found;
    if (wanted.equals(found)) return true;
  }
  return false;
}

const NS_PER_S = 1_000_000_000n;

/** Whether a certificate may be the next of a chain: its time, its length, nothing critical that is not known. */
function isUsable(
  { says, notBefore, notAfter }: Certificate,
  chain: readonly Certificate[],
  nowNs: bigint,
): boolean {
  if (says.unhandledCritical.length > 0) return false;
  if (nowNs < BigInt(notBefore) * NS_PER_S || nowNs > BigInt(notAfter) * NS_PER_S) return false;
  const limit = says.basicConstraints?.maxPathLength ?? -1;
  return limit === -1 || chain.length - 1 <= limit;
}

function isFor({ says }: Certificate, name: string): boolean {
  const { ipAddresses, dnsNames } = says.alternativeNames;
  const address = parseAddress(name.length >= 3 && /^\[.*\]$/s.test(name) ? name.slice(1, -1) : name);
  if (address === undefined) return dnsNames.some((pattern) => matchesHost(pattern, name));
  return ipAddresses.some((bytes) => {
    const candidate = parseAddress(ipText(bytes));
    return candidate?.bits === address.bits && candidate.value === address.value;
  });
}

/** Whether one of the usages is allowed by every certificate of the chain that names usages. */
function allowsUsage(chain: readonly Certificate[], usages: readonly number[]): boolean {
  const naming = chain.filter(
    ({ says }) => says.extendedKeyUsage.length + says.unknownExtendedKeyUsage.length > 0,
  );
  const strict = naming.filter(({ says }) => !says.extendedKeyUsage.includes(ANY_USAGE));
  return usages.some((usage) => strict.every(({ says }) => says.extendedKeyUsage.includes(usage)));
}
