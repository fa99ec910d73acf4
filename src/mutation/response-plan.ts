import type { Decision } from "../exchange/decision.ts";
import type { ResponseHead } from "../exchange/exchange.ts";
import type { HeaderField } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import { DECISION_ID_HEADER, isReservedHeader } from "../exchange/names.ts";
import type { Plan } from "../exchange/plan.ts";

/**
 * The changes to an answer that passes: what policy sets, the decision id, and nothing under Regent's names that the
 * upstream made up.
 */
export function planResponse(
  exchangeId: string,
  head: ResponseHead,
  decision: Decision | undefined,
  metadata: JsonObject = {},
): Plan {
  const set = new Map<string, string>([
    ...(decision?.transform.setHeaders ?? NO_FIELDS),
    [DECISION_ID_HEADER, exchangeId],
  ]);
  const remove = new Set<string>([
    ...(decision?.transform.removeHeaders ?? []),
    ...[...head.headers.keys()].filter(isReservedHeader),
  ]);
  for (const name of set.keys()) remove.delete(name);
  return { headers: { remove: [...remove], set: [...set] }, clearRouteCache: false, metadata };
}

const NO_FIELDS: readonly HeaderField[] = [];
