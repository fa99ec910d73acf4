import { Counter, Histogram, Registry } from "prom-client";

/** Seconds, as OPA's `http_request_duration_seconds`. */
const HTTP_BUCKETS = [1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 0.01, 0.1, 1];

/** The metrics of OPA and of opa-envoy-plugin that dashboards ask for, by their names. */
export type OpaMetrics = {
  /** Counts an answer of the HTTP API; seconds. */
  observeHttp(handler: string, method: string, status: number, seconds: number): void;
  /**
   * The plugin's own, which are there once they are asked for.
   * @param buckets seconds; those of the first time stay
   */
  performance(buckets: readonly number[]): PerformanceMetrics;
  /** The text format of Prometheus. */
  read(): Promise<string>;
};

export type PerformanceMetrics = { observe(seconds: number): void; countError(reason: string): void };

export function createOpaMetrics(): OpaMetrics {
  const registry = new Registry();
  const registers = [registry];
  const http = new Histogram({
    name: "http_request_duration_seconds",
    help: "A histogram of duration for requests.",
    labelNames: ["code", "handler", "method"],
    buckets: HTTP_BUCKETS,
    registers,
  });
  let performance: PerformanceMetrics | undefined;
  return {
    observeHttp: (handler, method, status, seconds) =>
      http.observe({ code: String(status), handler, method }, seconds),
    performance(buckets) {
      performance ??= performanceOf(buckets, registry);
      return performance;
    },
    read: () => registry.metrics(),
  };
}

function performanceOf(buckets: readonly number[], registry: Registry): PerformanceMetrics {
  const duration = new Histogram({
    name: "grpc_request_duration_seconds",
    help: "A histogram of duration for grpc authz requests.",
    labelNames: ["handler"],
    buckets: [...buckets],
    registers: [registry],
  });
  const errors = new Counter({
    name: "error_counter",
    help: "A counter for different types of errors",
    labelNames: ["reason"],
    registers: [registry],
  });
  return {
    observe: (seconds) => duration.observe({ handler: "check" }, seconds),
    countError: (reason) => errors.inc({ reason }),
  };
}
