import type { JsonObject, JsonValue } from "../exchange/json.ts";

/** A metric as prom-client's registry gives it in JSON. */
export type RegistryMetric = {
  readonly name: string;
  readonly help: string;
  readonly type: unknown;
  readonly values?: readonly RegistryValue[];
};

export type RegistryValue = {
  readonly value: number;
  readonly labels?: { readonly [name: string]: string | number | undefined };
  /** `NAME_bucket`, `NAME_sum`, `NAME_count`; absent where the value is the metric's own. */
  readonly metricName?: string;
};

type Series = { readonly labels: JsonValue; readonly values: RegistryValue[] };

/** Labels that tell the parts of one series apart. */
const PARTS = new Set(["le", "quantile"]);

/**
 * Metrics by name as OPA's status documents have them: Prometheus's `MetricFamily` in the JSON form of Protobuf, where
 * 64-bit counts are text.
 * @see https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
export function metricFamilies(metrics: readonly RegistryMetric[]): JsonObject {
  return Object.fromEntries(
    metrics.map(({ name, help, type, values = [] }) => [
      name,
      {
        name,
        help,
        type: String(type).toUpperCase(),
        metric: seriesOf(values).map(({ labels, values: own }) => ({
          ...(Array.isArray(labels) && labels.length === 0 ? {} : { label: labels }),
          ...measureOf(String(type), name, own),
        })),
      },
    ]),
  );
}

function seriesOf(values: readonly RegistryValue[]): readonly Series[] {
  const series = new Map<string, Series>();
  for (const value of values) {
    const labels = Object.entries(value.labels ?? {})
      .filter(([name, text]) => !PARTS.has(name) && text !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, text]) => ({ name, value: String(text) }));
    const key = JSON.stringify(labels);
    const known = series.get(key);
    if (known === undefined) series.set(key, { labels, values: [value] });
    else known.values.push(value);
  }
  return [...series.values()];
}

function measureOf(type: string, name: string, values: readonly RegistryValue[]): JsonObject {
  if (type !== "histogram" && type !== "summary") return { [type]: { value: finite(values[0]?.value ?? 0) } };
  const total = (suffix: string) =>
    values.find(({ metricName }) => metricName === `${name}_${suffix}`)?.value ?? 0;
  const totals = { sampleCount: String(total("count")), sampleSum: finite(total("sum")) };
  const parts = (label: string) => values.filter(({ labels }) => labels?.[label] !== undefined);
  if (type === "summary") {
    const quantile = parts("quantile").map(({ labels, value }) => ({
      quantile: Number(labels?.quantile),
      value: finite(value),
    }));
    return { summary: { ...totals, quantile } };
  }
  const bucket = parts("le").map(({ labels, value }) => ({
    cumulativeCount: String(value),
    upperBound: labels?.le === "+Inf" ? "Infinity" : Number(labels?.le),
  }));
  return { histogram: { ...totals, bucket } };
}

/** JSON has no infinity and no NaN; Protobuf's form writes them as text. */
function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
