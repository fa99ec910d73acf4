import type { JsonObject } from "../exchange/json.ts";

/** What the parts of the process say of themselves. */
export type StatusParts = {
  readonly labels: { readonly [name: string]: string };
  /** By name, as OPA's status API writes them. */
  readonly bundles: JsonObject;
  /** Every bundle is active. */
  readonly ready: boolean;
  readonly discovery?: JsonObject;
  readonly decisionLogs?: JsonObject;
  /** Metric families by name, as OPA writes Prometheus's. */
  readonly metrics?: JsonObject;
};

/**
 * The document of OPA's status API.
 * @see https://www.openpolicyagent.org/docs/management-status#status-service-api
 */
export function statusDocument(parts: StatusParts): JsonObject {
  const { labels, bundles, ready, discovery, decisionLogs, metrics } = parts;
  const state = (ok: boolean): JsonObject => ({ state: ok ? "OK" : "NOT_READY" });
  return {
    labels,
    bundles,
    ...(discovery === undefined ? {} : { discovery }),
    ...(decisionLogs === undefined ? {} : { decision_logs: decisionLogs }),
    ...(metrics === undefined ? {} : { metrics: { prometheus: metrics } }),
    plugins: {
      bundle: state(ready),
      ...(decisionLogs === undefined ? {} : { decision_logs: state(true) }),
      // Every OPA has it, whether anything is discovered or not.
      discovery: state(true),
      status: state(true),
    },
  };
}
