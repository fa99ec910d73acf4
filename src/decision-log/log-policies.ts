import type { JsonValue } from "../exchange/json.ts";
import type { Counters } from "./counters.ts";
import {
  type DecidingPolicies,
  type DecisionEvent,
  type EncodedEvent,
  type EventFormat,
  encodeEvent,
  type Visible,
  visibleOf,
} from "./event.ts";
import { applyMask, MaskError, parseMaskRules } from "./mask.ts";

/**
 * Bytes of an event that drop and mask policies are asked about. They parse it, and what they mask is parsed and printed
 * here once more; 4 MiB take some 50 milliseconds of this thread, away from any request.
 */
export const MASKED_EVENT_BYTES_MAX = 4 * 1024 * 1024;

export type LogPolicyOptions = {
  /** Paths of rules, without a slash in front. */
  readonly mask: string;
  readonly drop: string;
  /** The operator named them, so that policies without them are a fault; else there is simply nothing to mask. */
  readonly maskRequired: boolean;
  readonly dropRequired: boolean;
  readonly format: EventFormat;
  readonly counters: Counters;
  /** Told why an event goes without its content. Errors of policies may quote what they were asked about. */
  readonly onFault: (decisionId: string, why: string, code: string) => void;
};

/** Asks the policies that decided what of a decision may be seen. Whatever goes wrong, nothing secret is logged. */
export class LogPolicies {
  readonly #options: LogPolicyOptions;

  constructor(options: LogPolicyOptions) {
    this.#options = options;
  }

  /** Whether policies have a say in this; else the event can be encoded as it is. */
  applyTo(policies: DecidingPolicies): boolean {
    const { mask, drop, maskRequired, dropRequired } = this.#options;
    return maskRequired || dropRequired || policies.has(mask) || policies.has(drop);
  }

  /** The event as it may be logged; undefined: not at all. Never rejects. */
  async judge(event: DecisionEvent): Promise<EncodedEvent | undefined> {
    const { format, counters } = this.#options;
    const visible = visibleOf(event, format);
    const whole = encodeEvent(event, visible, format);
    try {
      if (whole.bytes.length > MASKED_EVENT_BYTES_MAX)
        throw new MaskError(`it is larger than the ${MASKED_EVENT_BYTES_MAX} bytes that can be masked`);
      if (await this.#isDropped(event, whole)) {
        counters.add("regent_decision_log_dropped_by_policy_total");
        return undefined;
      }
      const rules = await this.#maskRules(event, whole);
      return rules.length === 0 ? whole : encodeEvent(event, applyMask(visible, rules), format);
    } catch (error) {
      return this.#withoutContent(event, visible, error);
    }
  }

  async #isDropped({ policies }: DecisionEvent, { bytes }: EncodedEvent): Promise<boolean> {
    const { drop, dropRequired } = this.#options;
    const result = await ask(policies, drop, dropRequired, bytes);
    return result === true;
  }

  async #maskRules(
    { policies }: DecisionEvent,
    { bytes }: EncodedEvent,
  ): Promise<ReturnType<typeof parseMaskRules>> {
    const { mask, maskRequired } = this.#options;
    const result = await ask(policies, mask, maskRequired, bytes);
    return result === undefined ? [] : parseMaskRules(result);
  }

  /** OPA loses the event here. Regent keeps what cannot be secret, and says why the rest is missing. */
  #withoutContent(event: DecisionEvent, visible: Visible, error: unknown): EncodedEvent {
    const { format, counters, onFault } = this.#options;
    const why = error instanceof MaskError ? error.message : "the drop or the mask policy failed";
    counters.add("regent_decision_log_mask_failures_total");
    onFault(event.decisionId, why, codeOf(error));
    return encodeEvent(event, withoutContent(visible, why), format);
  }
}

/** An event without what may be secret in it, and why that is so. */
export function withoutContent(visible: Visible, why: string): Visible {
  const erased = [
    ...(visible.input === undefined ? [] : ["/input"]),
    ...(visible.result === undefined ? [] : ["/result"]),
    ...(visible.mappedResult === undefined ? [] : ["/mapped_result"]),
    ...(visible.nondeterministic === undefined ? [] : ["/nd_builtin_cache"]),
  ];
  return {
    input: undefined,
    result: undefined,
    mappedResult: undefined,
    nondeterministic: undefined,
    erased: [...visible.erased, ...erased],
    masked: [],
    custom: { ...visible.custom, regent: { erased_because: why } },
  };
}

async function ask(
  policies: DecidingPolicies,
  entrypoint: string,
  required: boolean,
  event: Buffer,
): Promise<JsonValue | undefined> {
  if (policies.has(entrypoint)) return (await policies.evaluate(entrypoint, event)).result;
  if (required)
    throw new MaskError(`the policies have no entrypoint ${entrypoint}, which the configuration names`);
  return undefined;
}

function codeOf(error: unknown): string {
  const { code, name } = error as { readonly code?: unknown; readonly name?: unknown };
  return String(code ?? name);
}
