import type { Decision, Reason } from "../exchange/decision.ts";
import type { ResponseHead } from "../exchange/exchange.ts";
import type { HeaderField } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import {
  assertNotReserved,
  BODY_HEADERS,
  DECISION_ID_HEADER,
  isReservedHeader,
  REASON_HEADER,
  TRANSLATION_WARNINGS_HEADER,
  WARNING_HEADER,
} from "../exchange/names.ts";
import type { Plan } from "../exchange/plan.ts";

export type ResponsePlanFacts = {
  readonly exchangeId: string;
  readonly head: ResponseHead;
  /** What the response policy answered; undefined while it was not asked yet. */
  readonly decision: Decision | undefined;
  /** Of both phases; those of severity warning are told to the client. */
  readonly reasons: readonly Reason[];
  /** What a translation lost, as `code:pointer`. */
  readonly translationWarnings: readonly string[];
  readonly metadata: JsonObject;
  /** The client does not get the upstream's bytes: decoded, or with something taken out of them. */
  readonly isOtherBody?: boolean;
  /** The whole new body; undefined leaves it, or it goes on its way in pieces. */
  readonly body?: Buffer | undefined;
  /** Headers that describe the new body. */
  readonly bodyHeaders?: readonly HeaderField[] | undefined;
};

/** Codes in one header: a client reads them, and policy may warn of as much as it likes. */
const WARNINGS_MAX = 10;

/**
 * The changes to an answer that passes: what policy sets, the decision id, the warnings, and nothing under Regent's
 * names that the upstream made up. A changed body goes out without a content coding: every client reads that, and
 * coding it again would cost more than it saves on the way from a sidecar to what stands beside it.
 *
 * @throws RegentError policy_output_invalid when policy sets a header that is Regent's own.
 */
export function planResponse(facts: ResponsePlanFacts): Plan {
  const { exchangeId, head, decision, reasons, translationWarnings, metadata, body } = facts;
  const policyHeaders = [...(decision?.transform.setHeaders ?? [])];
  for (const [name] of policyHeaders) assertNotReserved(name);
  const set = new Map<string, string>([
    ...policyHeaders,
    ...warningHeader(reasons),
    ...translationHeader(translationWarnings),
    ...(facts.bodyHeaders ?? []),
    [DECISION_ID_HEADER, exchangeId],
  ]);
  const remove = new Set<string>([
    ...(decision?.transform.removeHeaders ?? []),
    ...[...head.headers.keys()].filter((name) => isReservedHeader(name) && !isOfEnvoy(name, head)),
    ...(facts.isOtherBody === true ? BODY_HEADERS.filter((name) => head.headers.has(name)) : []),
  ]);
  for (const name of set.keys()) remove.delete(name);
  return {
    headers: { remove: [...remove], set: [...set] },
    ...(body === undefined ? {} : { body }),
    clearRouteCache: false,
    metadata,
  };
}

/** Envoy's own answers say by their header why, as Regent's do (docs/errors.md). */
function isOfEnvoy(name: string, { origin }: ResponseHead): boolean {
  return origin === "envoy" && name === REASON_HEADER;
}

function warningHeader(reasons: readonly Reason[]): HeaderField[] {
  const codes = new Set(reasons.filter(({ severity }) => severity === "warning").map(({ code }) => code));
  return codes.size === 0 ? [] : [[WARNING_HEADER, [...codes].slice(0, WARNINGS_MAX).join(", ")]];
}

/** The header that names to a client what was lost. */
function translationHeader(warnings: readonly string[]): HeaderField[] {
  if (warnings.length === 0) return [];
  let value = "";
  for (const warning of warnings) {
    const longer = value === "" ? warning : `${value}, ${warning}`;
    if (longer.length > TRANSLATION_HEADER_CHARS_MAX)
      return [[TRANSLATION_WARNINGS_HEADER, value === "" ? "more" : `${value}, more`]];
    value = longer;
  }
  return [[TRANSLATION_WARNINGS_HEADER, value]];
}

/** Characters of what was lost in one header. Many clients and proxies take 8 KiB of headers in all. */
const TRANSLATION_HEADER_CHARS_MAX = 1024;
