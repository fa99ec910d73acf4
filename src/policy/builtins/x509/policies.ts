/** Certificate policies along a chain (RFC 5280, 6.1.2 to 6.1.5), with any policy acceptable at the end. */
import type { Certificate } from "./certificate.ts";

const ANY_POLICY = "2.5.29.32.0";

/** A valid policy at the present depth: which policies it stands for one level further down. */
type Node = { readonly expected: ReadonlySet<string> };
type Nodes = ReadonlyMap<string, Node>;

/** Whether the certificates below the root allow one another's policies where one of them demands it. */
export function policiesAllow(chain: readonly Certificate[]): boolean {
  const path = chain.slice(0, -1).reverse();
  const start = path.length + 1;
  const counters = { explicit: start, mapping: start, any: start };
  let nodes: Nodes = new Map([[ANY_POLICY, { expected: new Set([ANY_POLICY]) }]]);
  for (const [depth, certificate] of path.entries()) {
    const isLast = depth === path.length - 1;
    const selfIssued = certificate.rawIssuer.equals(certificate.rawSubject);
    if (certificate.says.policies === undefined) nodes = new Map();
    if (counters.explicit === 0 && nodes.size === 0) return false;
    nodes = nextNodes(nodes, certificate, counters.any > 0 || (!isLast && selfIssued));
    if (isLast) break;
    const mapped = mappedNodes(nodes, certificate, counters.mapping > 0);
    if (mapped === undefined) return false;
    nodes = mapped;
    tighten(counters, certificate, selfIssued);
  }
  const demanded = counters.explicit <= 1 || (path.length > 0 && chain[0]?.says.requireExplicitPolicy === 0);
  return !demanded || path.length === 0 || nodes.size > 0;
}

function nextNodes(nodes: Nodes, { says }: Certificate, anyAllowed: boolean): Nodes {
  const policies = (says.policies ?? []).map((policy) => policy.join("."));
  const expected = new Set([...nodes.values()].flatMap((node) => [...node.expected]));
  const next = new Map<string, Node>();
  for (const policy of policies) {
    if (policy !== ANY_POLICY && (expected.has(policy) || nodes.has(ANY_POLICY)))
      next.set(policy, { expected: new Set([policy]) });
  }
  if (policies.includes(ANY_POLICY) && anyAllowed)
    for (const policy of expected) if (!next.has(policy)) next.set(policy, { expected: new Set([policy]) });
  return next;
}

/** Undefined when the mapping itself is forbidden: one of any policy. */
function mappedNodes(nodes: Nodes, { says }: Certificate, allowed: boolean): Nodes | undefined {
  const mapped = new Map(nodes);
  for (const { issuer, subject } of says.policyMappings) {
    if (!allowed) mapped.delete(issuer);
    else if (issuer === ANY_POLICY || subject === ANY_POLICY) return undefined;
    else if (nodes.has(issuer) || nodes.has(ANY_POLICY)) {
      const subjects = says.policyMappings.filter((mapping) => mapping.issuer === issuer);
      mapped.set(issuer, { expected: new Set(subjects.map((mapping) => mapping.subject)) });
    }
  }
  return mapped;
}

type Counters = { explicit: number; mapping: number; any: number };

function tighten(counters: Counters, { says }: Certificate, selfIssued: boolean): void {
  const step = selfIssued ? 0 : 1;
  const next = (counter: number, limit: number | undefined): number =>
    Math.min(Math.max(counter - step, 0), limit ?? Number.POSITIVE_INFINITY);
  counters.explicit = next(counters.explicit, says.requireExplicitPolicy);
  counters.mapping = next(counters.mapping, says.inhibitPolicyMapping);
  counters.any = next(counters.any, says.inhibitAnyPolicy);
}
