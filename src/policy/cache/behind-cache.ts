import type { PolicySet } from "../activation/set.ts";
import type { Policies } from "../policies.ts";
import type { DecisionCache } from "./decision-cache.ts";

/**
 * The policies that are active, behind a cache that is cleared whenever others are. Whoever holds those of before is
 * never answered with decisions of others.
 */
export function behindCache(
  cache: DecisionCache,
  active: () => PolicySet | undefined,
): () => Policies | undefined {
  let set: PolicySet | undefined;
  let policies: Policies | undefined;
  return () => {
    const now = active();
    if (now !== set) {
      cache.clear();
      set = now;
      policies = now && cache.over(now.policies, (entrypoint) => claimOf(now, entrypoint));
    }
    return policies;
  };
}

function claimOf(set: PolicySet, entrypoint: string) {
  return set.policies.has(entrypoint) ? set.module(entrypoint).facts.cache.get(entrypoint) : undefined;
}
