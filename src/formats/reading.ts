import { RegentError } from "../exchange/errors.ts";
import type { Headers } from "../exchange/headers.ts";
import type { ToolCall, Usage } from "../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import { readMetricsText } from "../wire/metrics-text.ts";
import { endpointOf } from "./endpoints.ts";
import type { Format, ReadAnswer, ResponseMessage } from "./format.ts";

export type BodyKind = "request" | "response" | "stream";

/**
 * What a format understood of a body, with the members and meanings of the wire fixtures: numbers as reported, null where
 * nothing was, `usage` always with its six members, lists never null. A body that breaks its format has `invalid` too.
 */
export type Reading = JsonObject;

/** What is known of a body besides its bytes. */
export type BodyFacts = {
  readonly status?: number | undefined;
  readonly headers?: Headers | undefined;
  /** The model that the path of the request names. */
  readonly urlModel?: string | undefined;
  /** Whether the path of the request asks for a stream. */
  readonly urlStream?: boolean | undefined;
};

/** Reads a body as `regent read` shows it. Never throws. */
export function readingOf(format: Format, kind: BodyKind, body: Buffer, facts: BodyFacts = {}): Reading {
  const { status = 200, headers = NO_HEADERS } = facts;
  if (kind === "request") return requestReading(format, body, headers, facts);
  if (kind === "response") return responseReading(format, { status, headers, bytes: body });
  const state = format.stream.initial({ hideUsage: false, keepText: true });
  const step = format.stream.step(state, body);
  return streamReading(format, step.state, step.fault);
}

/** What a stream said up to here. `fault`: why it could not be read further, so that nothing of it can be relied on. */
export function streamReading(format: Format, state: unknown, fault: string | undefined): Reading {
  if (fault !== undefined) return invalidReading(format, "stream", fault);
  const { answer, events, doneMarker, truncated } = format.stream.finish(state);
  return {
    ...answerReading(format, "stream", answer),
    events,
    ...(doneMarker === undefined ? {} : { done_marker: doneMarker }),
    truncated,
  };
}

/** The reading of a body that nothing can be read of. */
export function invalidReading(format: Format, kind: BodyKind, reason: string): Reading {
  return { ...head(format, kind), invalid: reason };
}

const NO_HEADERS: Headers = new Map();

function responseReading(format: Format, message: ResponseMessage): Reading {
  const reading = answerReading(format, "response", format.readResponse(message));
  if (reading.invalid !== undefined || format.describeResponse === undefined) return reading;
  try {
    return { ...reading, ...format.describeResponse(message) };
  } catch (error) {
    const { detail, message: words } = RegentError.from(error);
    return { ...reading, invalid: detail ?? words };
  }
}

function requestReading(
  format: Format,
  bytes: Buffer,
  headers: Headers,
  { urlModel, urlStream }: BodyFacts,
): Reading {
  const endpoint = endpointOf(format, urlModel === undefined ? {} : { model: urlModel }, urlStream);
  const message = { bytes, headers, endpoint };
  try {
    const { inference } = format.readRequest(message);
    const { toolCalls, details } = format.describeRequest(message);
    return {
      ...head(format, "request"),
      // Empty where only the path of a request names it.
      model: inference.model === "" ? null : inference.model,
      tool_calls: toolCalls.map(toolCallReading),
      ...details,
    };
  } catch (error) {
    const { detail, message: words } = RegentError.from(error);
    return invalidReading(format, "request", detail ?? words);
  }
}

function answerReading(format: Format, kind: BodyKind, answer: ReadAnswer): Reading {
  const { texts, reasoningText, refusal, error, invalid } = answer;
  return {
    ...head(format, kind),
    model: answer.model ?? null,
    usage: usageReading(answer.usage),
    finish_reasons: answer.finishReasons,
    text: answer.text ?? null,
    tool_calls: answer.toolCalls.map(toolCallReading),
    error: error === undefined ? null : { ...error, code: answer.errorCode },
    ...(texts.length > 1 ? { texts: texts.map((text) => text ?? null) } : {}),
    ...(reasoningText === undefined ? {} : { reasoning_text: reasoningText }),
    ...(refusal === undefined ? {} : { refusal }),
    ...answer.details,
    ...(invalid === undefined ? {} : { invalid }),
  };
}

/** Of what a model server tells of itself: no format, so that no request can be of it. */
export const METRICS_TEXT = "metrics-text";

/** Prometheus' text format as `regent read` shows it. Never throws. */
export function metricsReading(body: Buffer): Reading {
  const base = head({ name: METRICS_TEXT }, "response");
  const read = readMetricsText(body.toString("utf8"));
  if ("invalid" in read) return { ...base, invalid: read.invalid };
  const types: { [type: string]: number } = {};
  for (const type of read.types.values()) types[type] = (types[type] ?? 0) + 1;
  return {
    ...base,
    families: read.types.size,
    types,
    samples: read.samples.length,
    values: read.samples.map(({ name, labels, value }) => ({
      name,
      labels: Object.fromEntries(labels),
      value: Number.isFinite(value) ? value : (WORDS.get(value) ?? "NaN"),
    })),
  };
}

/** JSON has no word for them; these are the format's own. */
const WORDS: ReadonlyMap<number, string> = new Map([
  [Number.POSITIVE_INFINITY, "+Inf"],
  [Number.NEGATIVE_INFINITY, "-Inf"],
]);

/** A reading in which nothing is known yet. */
function head({ name }: { readonly name: string }, kind: BodyKind): Reading {
  return {
    format: name,
    kind,
    model: null,
    usage: usageReading(undefined),
    finish_reasons: [],
    text: null,
    tool_calls: [],
    error: null,
  };
}

/** Usage as the wire fixtures write it. */
export function usageReading(usage: Usage = {}): JsonObject {
  return {
    input: usage.input ?? null,
    output: usage.output ?? null,
    cached_input: usage.cachedInput ?? null,
    cache_creation_input: usage.cacheCreationInput ?? null,
    reasoning: usage.reasoning ?? null,
    total: usage.total ?? null,
  };
}

function toolCallReading({ name, arguments: given }: ToolCall): JsonObject {
  return { name, arguments: given as JsonValue };
}
