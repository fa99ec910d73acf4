import {
  DiagLogLevel,
  diag,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { startNodeSdk } from "@opentelemetry/sdk-node";
import type { Record } from "../exchange/record.ts";
import type { ProcessLog } from "./process-log.ts";
import { spanFacts } from "./span.ts";
import type { Traces } from "./traces.ts";

/** How long the last spans may take at the end: a collector that is gone must not hold the process. */
export const SHUTDOWN_MS = 2_000;

/**
 * The one file that loads OpenTelemetry. Exporter, endpoint, protocol, sampler and limits come from the `OTEL_*`
 * variables of the specification; metrics and logs have their own ways out.
 */
export function startOpenTelemetry(
  environment: { readonly [name: string]: string | undefined },
  log: ProcessLog,
): Traces {
  const sdk = startNodeSdk({
    metricReaders: [],
    logRecordProcessors: [],
    // Those that come with it publish the command line and the user.
    resourceDetectors: [],
    resourceAttributes: serviceName(environment),
    logLevel: "none",
  });
  diag.setLogger(
    {
      error: (message) => log.error({ opentelemetry: message }, "traces cannot be sent"),
      warn: (message) => log.warn({ opentelemetry: message }, "OpenTelemetry warns"),
      info: () => undefined,
      debug: () => undefined,
      verbose: () => undefined,
    },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
  const tracer = trace.getTracer("regent");
  return {
    observe(record: Record) {
      const facts = spanFacts(record);
      const carrier = facts.traceparent === undefined ? {} : { traceparent: facts.traceparent };
      const span = tracer.startSpan(
        facts.name,
        { kind: SpanKind.SERVER, startTime: facts.startMs, attributes: facts.attributes },
        propagation.extract(ROOT_CONTEXT, carrier),
      );
      if (facts.failed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(facts.endMs);
    },
    async close() {
      const late = new Promise<void>((resolve) => setTimeout(resolve, SHUTDOWN_MS).unref());
      await Promise.race([sdk.shutdown(), late]);
    },
  };
}

/** `regent`, unless the variables of the specification say otherwise. */
function serviceName(environment: { readonly [name: string]: string | undefined }): {
  [name: string]: string;
} {
  const name = environment.OTEL_SERVICE_NAME;
  if (name !== undefined && name !== "") return { "service.name": name };
  const named = /(^|,)\s*service\.name=/.test(environment.OTEL_RESOURCE_ATTRIBUTES ?? "");
  return named ? {} : { "service.name": "regent" };
}
