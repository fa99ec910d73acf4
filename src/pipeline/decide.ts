import type { Decision } from "../exchange/decision.ts";
import { RegentError } from "../exchange/errors.ts";
import type { OwnAnswer } from "../exchange/plan.ts";
import { decidingReason, renderDenial } from "../mutation/own-answer.ts";
import type { Context } from "./context.ts";
import { timedAsync } from "./timed.ts";

/**
 * One evaluation of an entrypoint, checked against the contract.
 *
 * @throws RegentError when policy fails or answers something that is not a decision
 */
export function evaluate(context: Context, entrypoint: string, input: Buffer): Promise<Decision> {
  const { policy } = context.rooms;
  return timedAsync(context, "policy", async () => {
    const { result, revision } = await policy.evaluate(entrypoint, input);
    return policy.parseDecision(result, revision);
  });
}

/** The answer to a request or an answer that policy does not let pass. */
export function deny(context: Context, decision: Decision): OwnAnswer {
  const { account, dialect } = context;
  account.verdict = "deny";
  const deciding = decidingReason(decision.reasons);
  // Policy may give none: then what the client is told stands in the record as well.
  if (!account.reasons.includes(deciding)) account.reasons = [...account.reasons, deciding];
  const denial = { reasons: decision.reasons, status: decision.status, retryAfterS: undefined };
  const answer = renderDenial(account.exchange.id, denial, dialect.refuse);
  account.status = answer.status;
  return answer;
}

/**
 * Refuses what policy asks for and Regent cannot do: an obligation that is skipped is a rule that is not kept.
 *
 * @throws RegentError obligation_unsupported
 */
export function assertSupported(decision: Decision): void {
  const { hold, response, transform } = decision;
  if (hold !== undefined) throw unsupported(`hold for the approval ${hold.approval}`);
  if (transform.setQuery.size > 0) throw unsupported("transform.set_query");
  if (response.inspect) throw unsupported("response.inspect");
  if (response.maxOutputTokens !== undefined) throw unsupported("response.max_output_tokens");
  if (response.streamWindowBytes !== undefined) throw unsupported("response.stream_window_bytes");
}

function unsupported(what: string): RegentError {
  return new RegentError("obligation_unsupported", `Policy asked for ${what}, which is not supported.`);
}
