import { RegentError } from "../../exchange/errors.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { placed, planOf, type Step, valueAt } from "./documents.ts";
import { ApiError } from "./reply.ts";
import type { ApiPolicies } from "./rooms.ts";

export type Decided = {
  /** Undefined: the document is undefined for this input. */
  readonly result: JsonValue | undefined;
  readonly nondeterministic?: JsonObject;
};

/** Evaluates the document at a path. @throws ApiError with OPA's code for what went wrong */
export async function decide(
  policies: ApiPolicies,
  path: readonly Step[],
  input: Buffer | undefined,
): Promise<Decided> {
  const { base, parts } = planOf(path, policies);
  let result = base;
  let nondeterministic: JsonObject | undefined;
  for (const { entrypoint, below, inside } of parts) {
    const answer = await evaluated(policies, entrypoint, input);
    const value = valueAt(answer.result, inside);
    if (value !== undefined) result = placed(result, below, value);
    if (answer.nondeterministic !== undefined)
      nondeterministic = { ...nondeterministic, ...answer.nondeterministic };
  }
  return { result, ...(nondeterministic === undefined ? {} : { nondeterministic }) };
}

/** OPA evaluates without an input where none is given; compiled policies are given null, which no rule can use either. */
const NO_INPUT = Buffer.from("null");

async function evaluated(policies: ApiPolicies, entrypoint: string, input: Buffer | undefined) {
  try {
    return await policies.evaluate(entrypoint, input ?? NO_INPUT);
  } catch (error) {
    throw evaluationError(error);
  }
}

/** What the policy said of itself is told: who may ask here may read it. */
function evaluationError(error: unknown): ApiError {
  const { code, cause, message } = RegentError.from(error);
  const detail = cause instanceof Error ? cause.message : message;
  const status = code === "policy_unavailable" ? 503 : 500;
  return new ApiError(status, "internal_error", "error(s) occurred while evaluating query", {
    details: [{ code, message: detail }],
    cause: error,
  });
}
