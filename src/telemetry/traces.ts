import type { Record } from "../exchange/record.ts";
import type { ProcessLog } from "./process-log.ts";

type Environment = { readonly [name: string]: string | undefined };

/** Spans of exchanges, sent on their way by OpenTelemetry. */
export type Traces = {
  observe(record: Record): void;
  /** Sends what is left. */
  close(): Promise<void>;
};

/** Whether the environment asks for traces, in the variables that OpenTelemetry defines. */
export function tracesWanted(environment: Environment): boolean {
  if (environment.OTEL_SDK_DISABLED?.toLowerCase() === "true") return false;
  const exporter = environment.OTEL_TRACES_EXPORTER ?? "";
  if (exporter !== "") return exporter !== "none";
  const endpoints = [environment.OTEL_EXPORTER_OTLP_ENDPOINT, environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT];
  return endpoints.some((endpoint) => endpoint !== undefined && endpoint !== "");
}

/**
 * Starts traces when the environment asks for them. Otherwise no part of OpenTelemetry is loaded: it costs start-up
 * time and memory.
 */
export async function startTraces(environment: Environment, log: ProcessLog): Promise<Traces | undefined> {
  if (!tracesWanted(environment)) return undefined;
  const { startOpenTelemetry } = await import("./opentelemetry.ts");
  return startOpenTelemetry(environment, log);
}
