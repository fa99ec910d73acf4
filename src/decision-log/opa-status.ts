import type { JsonObject } from "../exchange/json.ts";
import type { DecisionLogStatus } from "./decision-log.ts";

/** `decision_logs` of OPA's status API (https://www.openpolicyagent.org/docs/management-status#status-service-api). */
export function opaStatusOf({ counts, lastError }: DecisionLogStatus): JsonObject {
  const counters = Object.entries(counts).filter(([name]) => !name.startsWith("regent_"));
  return {
    ...(lastError === undefined ? {} : { code: "decision_log_error", message: lastError.message }),
    ...(lastError?.httpStatus === undefined ? {} : { http_code: String(lastError.httpStatus) }),
    metrics: Object.fromEntries(counters.map(([name, count]) => [`counter_${name}`, count])),
  };
}
