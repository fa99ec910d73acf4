import assert from "node:assert/strict";
import { test } from "node:test";
import { Counter, Gauge, Histogram, Registry, Summary } from "prom-client";
import { metricFamilies } from "./families.ts";

test("metrics are written as OPA writes Prometheus's families", async () => {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const labelNames = ["b", "a"];
  const counter = new Counter({ name: "c", help: "Counted.", labelNames, registers });
  counter.inc({ b: "2", a: "1" }, 3);
  counter.inc({ a: "x" });
  new Gauge({ name: "g", help: "Now.", registers }).set(Number.NaN);
  const histogram = new Histogram({ name: "h", help: "Spread.", labelNames, buckets: [1, 2], registers });
  histogram.observe({ a: "1" }, 1.5);
  histogram.observe({ a: "1" }, 5);
  histogram.observe({ a: "2" }, 0.5);
  new Summary({ name: "s", help: "Summed.", percentiles: [0.5], registers }).observe(4);
  const pair = (name: string, value: string) => ({ name, value });
  const buckets = (...counts: string[]) =>
    counts.map((cumulativeCount, index) => ({ cumulativeCount, upperBound: [1, 2, "Infinity"][index] }));

  assert.deepEqual(metricFamilies(await registry.getMetricsAsJSON()), {
    c: {
      name: "c",
      help: "Counted.",
      type: "COUNTER",
      metric: [
        { label: [pair("a", "1"), pair("b", "2")], counter: { value: 3 } },
        { label: [pair("a", "x")], counter: { value: 1 } },
      ],
    },
    g: { name: "g", help: "Now.", type: "GAUGE", metric: [{ gauge: { value: "NaN" } }] },
    h: {
      name: "h",
      help: "Spread.",
      type: "HISTOGRAM",
      metric: [
        {
          label: [pair("a", "1")],
          histogram: { sampleCount: "2", sampleSum: 6.5, bucket: buckets("0", "1", "2") },
        },
        {
          label: [pair("a", "2")],
          histogram: { sampleCount: "1", sampleSum: 0.5, bucket: buckets("1", "1", "1") },
        },
      ],
    },
    s: {
      name: "s",
      help: "Summed.",
      type: "SUMMARY",
      metric: [{ summary: { sampleCount: "1", sampleSum: 4, quantile: [{ quantile: 0.5, value: 4 }] } }],
    },
  });
});
