import type { JsonValue } from "../../exchange/json.ts";
import type { Reads } from "../../exchange/reads.ts";
import type { Evaluation, Policies } from "../policies.ts";
import { type AnsweredWith, type Comparison, failure } from "./comparison.ts";

/**
 * Policies that decide while others are compared with them. Both are handed the same input, so it holds what either
 * reads.
 * @param by which of the two decides
 */
export function compared(
  policies: Policies,
  by: "live" | "candidate",
  other: Policies,
  comparison: Comparison,
): Policies {
  return {
    ...forwarded(policies),
    unobserved: policies.unobserved ?? policies,
    reads: (entrypoint) => unionOf(policies.reads(entrypoint), other.reads(entrypoint)),
    evaluate(entrypoint, input) {
      const bytes = Buffer.isBuffer(input) ? input.length : JSON.stringify(input).length;
      return decide(policies, [entrypoint, input], (answered) => {
        // What only one of them can be asked is no difference in what they decide.
        if (other.has(entrypoint)) comparison.put({ entrypoint, input, bytes }, answered, by, other);
      });
    },
  };
}

function forwarded(policies: Policies): Policies {
  return {
    revision: policies.revision,
    bundles: policies.bundles,
    has: (entrypoint) => policies.has(entrypoint),
    reads: (entrypoint) => policies.reads(entrypoint),
    evaluate: (entrypoint, input) => policies.evaluate(entrypoint, input),
  };
}

async function decide(
  policies: Policies,
  [entrypoint, input]: readonly [string, JsonValue | Buffer],
  observe: (answered: AnsweredWith) => void,
): Promise<Evaluation> {
  const startedMs = performance.now();
  try {
    const evaluation = await policies.evaluate(entrypoint, input);
    observe({ result: evaluation.result, failed: false, ms: evaluation.durationMs });
    return evaluation;
  } catch (error) {
    observe(failure(error, performance.now() - startedMs));
    throw error;
  }
}

/** What either reads. */
export function unionOf(one: Reads, other: Reads): Reads {
  if (one === true || other === true) return true;
  const union: { [member: string]: Reads } = Object.assign(Object.create(null), one);
  for (const [member, reads] of Object.entries(other)) {
    const known = union[member];
    union[member] = known === undefined ? reads : unionOf(known, reads);
  }
  return union;
}
