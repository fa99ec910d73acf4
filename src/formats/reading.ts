import { RegentError } from "../exchange/errors.ts";
import type { ToolCall, Usage } from "../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../exchange/json.ts";
import { readJson, renderJsonFault } from "../wire/json/index.ts";
import type { Format, ReadAnswer } from "./format.ts";

export type BodyKind = "request" | "response" | "stream";

/**
 * What a format understood of a body, with the members and meanings of the wire fixtures: numbers as reported, null where
 * nothing was, `usage` always with its six members, lists never null. A body that breaks its format has `invalid` too.
 */
export type Reading = JsonObject;

/** Reads a body as `regent read` shows it. Never throws. */
export function readingOf(format: Format, kind: BodyKind, body: Buffer, status = 200): Reading {
  if (kind === "request") return requestReading(format, body);
  if (kind === "response") return answerReading(format, kind, format.readResponse(status, body));
  const state = format.stream.initial({ hideUsage: false, keepText: true });
  const step = format.stream.step(state, body);
  return streamReading(format, step.state, step.fault);
}

/** What a stream said up to here. `fault`: why it could not be read further. */
export function streamReading(format: Format, state: unknown, fault: string | undefined): Reading {
  const { answer, events, doneMarker, truncated } = format.stream.finish(state);
  return {
    ...answerReading(format, "stream", fault === undefined ? answer : { ...answer, invalid: fault }),
    events,
    done_marker: doneMarker,
    truncated,
  };
}

function requestReading(format: Format, body: Buffer): Reading {
  const result = readJson(body);
  if (!result.ok) return { ...head(format, "request"), invalid: renderJsonFault(result.fault) };
  try {
    const { model } = format.readRequest(result.document, format.endpoints[0]?.operation ?? "");
    const { toolCalls, details } = format.describeRequest(result.document);
    return { ...head(format, "request"), model, tool_calls: toolCalls.map(toolCallReading), ...details };
  } catch (error) {
    const { detail, message } = RegentError.from(error);
    return { ...head(format, "request"), invalid: detail ?? message };
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

/** A reading in which nothing is known yet. */
function head({ name }: Format, kind: BodyKind): Reading {
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
