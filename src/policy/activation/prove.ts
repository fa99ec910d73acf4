import type { JsonValue } from "../../exchange/json.ts";
import { BundleError } from "../bundle/error.ts";
import { parseDecision } from "../decision.ts";
import { faultOf } from "../fault.ts";
import { SAMPLE_REQUEST, SAMPLE_RESPONSE } from "./samples.ts";
import type { PolicySet, SetOptions } from "./set.ts";

/**
 * CPU time of one evaluation of a proof, milliseconds. V8 compiles a function of a module when it is first called, 0.1 s for
 * 1,000 rules and more on a busy machine: a good bundle must not be refused for that. One that never ends is, all the same.
 */
export const PROOF_TIME_LIMIT_MS = 2_000;

/** What the shipped composition says of a rule whose form is not the contract's. */
const RULE_INVALID = "policy_rule_invalid";

/** Where the shipped policies say what is wrong with their rules whatever is asked. */
const RULE_FAULTS = "regent/check/faults";

/**
 * Proves a set before it decides anything: every entrypoint that is asked for is there and does not fail, and what
 * governs answers an empty input, a request and an answer with decisions of the contract. No rule may be one that can
 * never be carried out.
 * @throws BundleError that names the entrypoint and what is wrong
 */
export function prove(
  set: PolicySet,
  { decisions, entrypoints }: Pick<SetOptions, "decisions" | "entrypoints">,
): void {
  set.assertEntrypoints([...decisions, ...entrypoints]);
  for (const entrypoint of [...entrypoints, ...decisions]) evaluate(set, entrypoint, {}, "an empty input");
  if (set.policies.has(RULE_FAULTS)) proveRules(set);
  for (const entrypoint of decisions) {
    proveDecision(set, entrypoint, {}, "an empty input");
    proveDecision(set, entrypoint, SAMPLE_REQUEST, "a request");
    proveDecision(set, entrypoint, SAMPLE_RESPONSE, "an answer");
  }
}

/** @throws BundleError with every fault of the rules */
function proveRules(set: PolicySet): void {
  // Of rules whose condition does not hold now the document shows no name: the modules do.
  const rules = set.modules.flatMap((module) => module.rules);
  const faults = evaluate(set, RULE_FAULTS, { rules }, "the paths of its rules");
  if (!Array.isArray(faults)) throw new BundleError(`${RULE_FAULTS} must be a set of sentences`);
  if (faults.length > 0)
    throw new BundleError(`it has rules that cannot be carried out: ${faults.map(String).join("; ")}`);
}

function proveDecision(set: PolicySet, entrypoint: string, input: object, what: string): void {
  const result = evaluate(set, entrypoint, input, what);
  const invalid = reasonsOf(entrypoint, result, what).filter(({ code }) => code === RULE_INVALID);
  if (invalid.length > 0)
    throw new BundleError(
      `${entrypoint} refuses everything: ${invalid.map(({ message }) => message).join(" ")} (${RULE_INVALID})`,
    );
}

function evaluate(set: PolicySet, entrypoint: string, input: object, what: string): JsonValue | undefined {
  try {
    return set.evaluate(entrypoint, input as JsonValue, { timeLimitMs: PROOF_TIME_LIMIT_MS }).result;
  } catch (error) {
    throw new BundleError(`${entrypoint} fails on ${what}: ${faultOf(error)}`, { cause: error });
  }
}

function reasonsOf(entrypoint: string, result: JsonValue | undefined, what: string) {
  try {
    return parseDecision(result, "").reasons;
  } catch (error) {
    throw new BundleError(`${entrypoint} answers ${what} with no decision: ${faultOf(error)}`, {
      cause: error,
    });
  }
}
