import type { Record } from "../exchange/record.ts";
import { errorTypeOf } from "./metrics.ts";
import { providerOf } from "./provider.ts";

/** Characters of an attribute that a client chose. */
export const TEXT_LENGTH_MAX = 256;

type AttributeValue = string | number | boolean | string[];

/** A record as a span, in the words of the OpenTelemetry GenAI conventions where they have one. */
export type SpanFacts = {
  /** `chat sim-small`: operation and model, as the conventions want it; else the HTTP method. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  readonly endMs: number;
  readonly traceparent: string | undefined;
  readonly failed: boolean;
  readonly attributes: { readonly [name: string]: AttributeValue };
};

/** https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ */
export function spanFacts(record: Record): SpanFacts {
  const { inference, route, request, usage, identity } = record;
  const startMs = Date.parse(record.time);
  const errorType = errorTypeOf(record);
  const denials = record.reasons.filter(({ severity }) => severity === "error").map(({ code }) => code);
  return {
    name:
      inference === undefined
        ? request.method
        : `${inference.operation} ${short(route?.model ?? inference.model)}`,
    startMs,
    endMs: startMs + record.timing.totalMs,
    traceparent: request.traceparent,
    failed: errorType !== undefined,
    attributes: present({
      "gen_ai.operation.name": inference?.operation,
      "gen_ai.provider.name": inference && providerOf(record),
      "gen_ai.request.model": inference && short(inference.model),
      "gen_ai.response.model": route?.version,
      "gen_ai.response.finish_reasons": record.finishReasons?.map(String),
      "gen_ai.usage.input_tokens": usage?.input,
      "gen_ai.usage.output_tokens": usage?.output,
      "gen_ai.usage.cache_read.input_tokens": usage?.cachedInput,
      "gen_ai.usage.cache_creation.input_tokens": usage?.cacheCreationInput,
      "gen_ai.usage.reasoning.output_tokens": usage?.reasoning,
      "http.request.method": request.method,
      "http.response.status_code": record.status,
      "server.address": short(request.host),
      "url.path": short(request.path),
      "error.type": errorType,
      "regent.decision.id": record.id,
      "regent.verdict": record.verdict,
      "regent.end": record.end,
      "regent.reasons": denials.length === 0 ? undefined : denials,
      "regent.tenant": identity.tenant,
      "regent.target": route?.target,
      "regent.policy.revision": record.revision,
    }),
  };
}

function short(text: string): string {
  return text.slice(0, TEXT_LENGTH_MAX);
}

function present(all: { readonly [name: string]: AttributeValue | undefined }): {
  [name: string]: AttributeValue;
} {
  const entries = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(entries);
}
