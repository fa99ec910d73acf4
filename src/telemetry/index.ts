import type { Record } from "../exchange/record.ts";
import { type LabelLimits, type MetricSources, Metrics } from "./metrics.ts";
import type { ProcessLog } from "./process-log.ts";
import { startTraces } from "./traces.ts";

export { createProcessLog, type ProcessLog, type ProcessLogOptions } from "./process-log.ts";

export type TelemetryOptions = MetricSources & {
  /** Most distinct values of the labels that users fill. */
  readonly labels: LabelLimits;
  readonly log: ProcessLog;
  /** Where `OTEL_*` is looked for. */
  readonly environment?: { readonly [name: string]: string | undefined };
};

/** Metrics and traces. Both are made of records. */
export type Telemetry = {
  /** Counts one exchange. The only way in which anything about exchanges is counted. Never throws. */
  observe(record: Record): void;
  /** What `/metrics` answers. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
  /** The same as values, for who writes them in another form. */
  metricValues(): ReturnType<Metrics["readValues"]>;
  /** Says how many streams are open, once there is somebody who knows. */
  watchStreams(open: () => number): void;
  /** Sends the last spans. */
  close(): Promise<void>;
};

/** Starts metrics, and traces where the environment asks for them. */
export async function createTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const { labels, log, policy, audit, decisionLog, targetKeys } = options;
  let streamsOpen = options.streamsOpen ?? (() => Number.NaN);
  const sources = {
    ...(policy && { policy }),
    ...(audit && { audit }),
    ...(decisionLog && { decisionLog }),
    ...(targetKeys && { targetKeys }),
    streamsOpen: () => streamsOpen(),
  };
  const metrics = new Metrics(labels, sources);
  const traces = await startTraces(options.environment ?? process.env, log);
  return {
    observe(record) {
      try {
        metrics.observe(record);
        traces?.observe(record);
      } catch (error) {
        // An exchange that has ended must not fail because it could not be counted.
        log.error({ err: error, id: record.id }, "an exchange could not be counted");
      }
    },
    metrics: () => metrics.read(),
    metricValues: () => metrics.readValues(),
    watchStreams(open) {
      streamsOpen = open;
    },
    async close() {
      await traces?.close();
    },
  };
}
