import type { Headers } from "../exchange/headers.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import type { Policies } from "../policy/policies.ts";
import { rawNumber } from "./lossless-json.ts";

/** The policies that decided: they also say what of the event may be seen, so that one revision answers for all of it. */
export type DecidingPolicies = Pick<Policies, "revision" | "bundles" | "has" | "evaluate">;

/** What one evaluation was, as the decision log takes it. */
export type DecisionEvent = {
  readonly decisionId: string;
  /** What several decisions about the same thing have in common: an answer has that of its request. */
  readonly batchDecisionId?: string;
  /** The path of the rule, without a slash in front; or a query, or both. */
  readonly entrypoint?: string;
  readonly query?: string;
  /** One JSON text in UTF-8, put into the event as it is. Undefined: there was none, or it is not to be logged. */
  readonly input: Buffer | undefined;
  /** What the caller left out, as the event names it: `/input/request/body`. */
  readonly erased?: readonly string[];
  readonly result: JsonValue | undefined;
  readonly mappedResult?: JsonValue;
  /** What the evaluation read that another run could not read again. Logged only where `ndBuiltinCache` is on. */
  readonly nondeterministic?: JsonObject;
  readonly error?: { readonly code: string; readonly message: string };
  readonly policies: DecidingPolicies;
  /** Milliseconds since the epoch, or with more digits nanoseconds. */
  readonly timestamp: number | bigint;
  readonly requestedBy?: string;
  /** The number of the request at OPA's HTTP API, from 1. */
  readonly requestId?: number;
  /** Hexadecimal, as in `traceparent`. */
  readonly traceId?: string;
  readonly spanId?: string;
  /** By OPA's names: `timer_rego_query_eval_ns`, `timer_server_handler_ns`. */
  readonly metrics: { readonly [name: string]: number };
  /** Headers of the request, of which the log takes those that it is configured to take. */
  readonly headers?: Headers;
  readonly custom?: JsonObject;
};

/** One event as it is logged. */
export type EncodedEvent = {
  /** One JSON object in UTF-8. */
  readonly bytes: Buffer;
  /** Where its last member begins when that is `nd_builtin_cache`, the first to go when it is too large. */
  readonly ndStart?: number;
};

/** What is the same for all events of a process. */
export type EventFormat = {
  /** `id` and `version`, and what the operator added. */
  readonly labels: { readonly [label: string]: string };
  readonly ndBuiltinCache: boolean;
  /** Names of headers that `request_context` shows, as they are configured. */
  readonly headers: readonly string[];
};

/** What a mask changed of an event. */
export type Visible = {
  readonly input: Buffer | undefined;
  readonly result: JsonValue | undefined;
  readonly mappedResult: JsonValue | undefined;
  readonly nondeterministic: JsonObject | JsonValue | undefined;
  readonly erased: readonly string[];
  readonly masked: readonly string[];
  readonly custom: JsonObject | undefined;
};

/** The parts of an event that a mask may change, before it did. */
export function visibleOf(event: DecisionEvent, { ndBuiltinCache }: EventFormat): Visible {
  return {
    input: event.input,
    result: event.result,
    mappedResult: event.mappedResult,
    // As OPA: where the cache is on it is there, also when nothing is in it.
    nondeterministic: ndBuiltinCache ? (event.nondeterministic ?? {}) : undefined,
    erased: event.erased ?? [],
    masked: [],
    custom: event.custom,
  };
}

/**
 * The event of OPA's decision log API (`EventV1`,
 * https://www.openpolicyagent.org/docs/management-decision-logs#decision-log-service-api) as JSON. What is empty is
 * left out, as OPA does. The input is copied and not read. Written member by member: at thousands of decisions a second
 * an object for each, and JSON.stringify of it, is twice the cost.
 */
export function encodeEvent(event: DecisionEvent, visible: Visible, format: EventFormat): EncodedEvent {
  const head = `{"labels":${textOf(format.labels)}${identityText(event)}`;
  const tail = contentText(event, visible, format);
  const { input, nondeterministic } = visible;
  const parts =
    input === undefined
      ? [Buffer.from(head + tail)]
      : [Buffer.from(`${head},"input":`), input, Buffer.from(tail)];
  if (nondeterministic === undefined) return { bytes: Buffer.concat([...parts, CLOSE]) };
  const ndStart = parts.reduce((sum, part) => sum + part.length, 0);
  const last = Buffer.from(`${member("nd_builtin_cache", ndText(nondeterministic))}}`);
  return { bytes: Buffer.concat([...parts, last]), ndStart };
}

/** The text of values that are the same for many events: labels, and the bundles of a revision. */
const TEXTS = new WeakMap<object, string>();

function textOf(value: object): string {
  let text = TEXTS.get(value);
  if (text === undefined) {
    text = JSON.stringify(value);
    TEXTS.set(value, text);
  }
  return text;
}

function member(name: string, text: string | undefined): string {
  return text === undefined ? "" : `,"${name}":${text}`;
}

function jsonMember(name: string, value: unknown): string {
  return value === undefined ? "" : `,"${name}":${JSON.stringify(value)}`;
}

/** The event without `nd_builtin_cache`; undefined when it has none. */
export function withoutNd({ bytes, ndStart }: EncodedEvent): EncodedEvent | undefined {
  return ndStart === undefined ? undefined : { bytes: Buffer.concat([bytes.subarray(0, ndStart), CLOSE]) };
}

const CLOSE = Buffer.from("}");

/** OPA writes nanoseconds as a number; a JavaScript number does not hold them, so that they are kept as text here. */
function ndText(cache: JsonValue): string {
  const times = isJsonObject(cache) ? cache["time.now_ns"] : undefined;
  if (!isJsonObject(times)) return JSON.stringify(cache);
  const numbers = Object.entries(times).map(([args, value]) => [
    args,
    isDigits(value) ? rawNumber(value) : value,
  ]);
  return JSON.stringify({ ...(cache as JsonObject), "time.now_ns": Object.fromEntries(numbers) });
}

function isDigits(value: JsonValue): value is string {
  return typeof value === "string" && /^(0|[1-9]\d{0,18})$/.test(value);
}

function identityText({ policies, ...event }: DecisionEvent): string {
  const bundles = bundlesText(policies.bundles);
  // OPA's older form, for what is no bundle with a name.
  const revision = bundles === undefined && policies.revision !== "" ? policies.revision : undefined;
  return (
    jsonMember("decision_id", event.decisionId) +
    jsonMember("batch_decision_id", event.batchDecisionId) +
    jsonMember("trace_id", event.traceId) +
    jsonMember("span_id", event.spanId) +
    jsonMember("revision", revision) +
    member("bundles", bundles) +
    jsonMember("path", event.entrypoint) +
    jsonMember("query", event.query)
  );
}

function contentText(event: DecisionEvent, visible: Visible, { headers }: EventFormat): string {
  return (
    jsonMember("result", visible.result) +
    jsonMember("mapped_result", visible.mappedResult) +
    jsonMember("erased", unlessEmpty(visible.erased)) +
    jsonMember("masked", unlessEmpty(visible.masked)) +
    jsonMember("error", event.error) +
    jsonMember("requested_by", event.requestedBy) +
    `,"timestamp":"${timestampText(event.timestamp)}"` +
    member("metrics", metricsText(event.metrics)) +
    jsonMember("req_id", event.requestId) +
    jsonMember("request_context", requestContext(event.headers, headers)) +
    jsonMember("custom", visible.custom)
  );
}

function metricsText(metrics: DecisionEvent["metrics"]): string | undefined {
  const text = JSON.stringify(metrics);
  return text === "{}" ? undefined : text;
}

const BUNDLES = new WeakMap<object, string>();

/** By name, without revisions that are empty; undefined where there are none. */
function bundlesText(bundles: DecidingPolicies["bundles"]): string | undefined {
  let text = BUNDLES.get(bundles);
  if (text === undefined) {
    text = JSON.stringify(Object.fromEntries(Object.entries(bundles).map(bundleOf)));
    BUNDLES.set(bundles, text);
  }
  return text === "{}" ? undefined : text;
}

function bundleOf([name, { revision }]: [string, { readonly revision: string }]): [string, object] {
  return [name, revision === "" ? {} : { revision }];
}

function unlessEmpty(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}

function requestContext(headers: Headers | undefined, wanted: readonly string[]): object | undefined {
  if (headers === undefined || wanted.length === 0) return undefined;
  const shown = wanted.flatMap((name) => {
    const values = headers.get(name.toLowerCase());
    return values === undefined ? [] : [[name, values]];
  });
  return shown.length === 0 ? undefined : { http: { headers: Object.fromEntries(shown) } };
}

/** RFC 3339 in UTC with up to nine digits after the second, none of them a zero at the end, as Go writes it. */
export function timestampText(timestamp: number | bigint): string {
  const ms = typeof timestamp === "bigint" ? Number(timestamp / NANOS_PER_MS) : Math.round(timestamp);
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond.number) {
    lastSecond.number = second;
    lastSecond.text = new Date(second * 1000).toISOString().slice(0, -".000Z".length);
  }
  const below = typeof timestamp === "bigint" ? String(timestamp % NANOS_PER_MS).padStart(6, "0") : "";
  let fraction = String(ms - second * 1000).padStart(3, "0") + below;
  while (fraction.endsWith("0")) fraction = fraction.slice(0, -1);
  return fraction === "" ? `${lastSecond.text}Z` : `${lastSecond.text}.${fraction}Z`;
}

const NANOS_PER_MS = 1_000_000n;
/** Thousands of events have the same one. */
const lastSecond = { number: Number.NaN, text: "" };
