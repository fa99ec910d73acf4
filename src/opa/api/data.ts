import { randomUUID } from "node:crypto";
import { getConnInfo } from "@hono/node-server/conninfo";
import type { Context } from "hono";
import { headersFrom } from "../../exchange/headers.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import { trimSlashes } from "../values.ts";
import { BodyRoom, inputMember, inputText, parseBody, parseJson, readBody } from "./body.ts";
import { decide } from "./decide.ts";
import { parseDataPath, renderReference } from "./documents.ts";
import { ApiError, flag, jsonReply } from "./reply.ts";
import type { ApiDecision, ApiPolicies, ApiRooms } from "./rooms.ts";

/** One request that asks for a decision, from its first moment. */
type Asked = {
  readonly context: Context;
  readonly parameters: URLSearchParams;
  readonly path: string;
  readonly policies: ApiPolicies;
  readonly decisionId: string | undefined;
  readonly requestId: number;
  readonly timestamp: number;
  readonly startedNs: bigint;
};

/**
 * The handlers of OPA's data API.
 * @param requests how many requests have come in so far, this one included
 * @see https://www.openpolicyagent.org/docs/rest-api#data-api
 */
export function createDataHandlers(rooms: ApiRooms, requests: { readonly count: number }) {
  const room = new BodyRoom();

  const begin = (context: Context, path: string): Asked => {
    const parameters = new URL(context.req.url).searchParams;
    refuseUnserved(parameters);
    return {
      context,
      parameters,
      path: trimSlashes(path),
      policies: rooms.policies(),
      decisionId: rooms.log === undefined ? undefined : randomUUID(),
      requestId: requests.count,
      timestamp: Date.now(),
      startedNs: process.hrtime.bigint(),
    };
  };

  /** Decides, logs what was decided, and only then lets it out. */
  const answer = async (asked: Asked, input: Buffer | undefined, parsedNs: bigint) => {
    const { path, policies } = asked;
    const evaluatingNs = process.hrtime.bigint();
    const facts = (error?: ApiError) => metricsOf(asked, parsedNs, evaluatingNs, error);
    try {
      const decided = await decide(policies, parseDataPath(path), input);
      return { ...decided, metrics: facts() };
    } catch (error) {
      if (error instanceof ApiError && error.status >= 500 && error.status !== 501)
        log(asked, { input, result: undefined, error: errorOf(error), metrics: facts(error) });
      throw error;
    }
  };

  const log = (
    asked: Asked,
    what: Pick<ApiDecision, "input" | "result" | "error" | "nondeterministic" | "metrics">,
  ) => {
    if (rooms.log === undefined || asked.decisionId === undefined) return;
    const { decisionId, path, policies, timestamp, requestId, context } = asked;
    const event = {
      ...{ decisionId, path, policies, timestamp, requestId, ...what },
      requestedBy: remoteOf(context),
      headers: headersFrom(context.req.raw.headers),
      ...traceOf(context.req.header("traceparent")),
    };
    try {
      rooms.log(event);
    } catch (error) {
      // What cannot be recorded was not decided.
      throw new ApiError(500, "internal_error", `decision_logs: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };

  const v1 = async (asked: Asked, input: Buffer | undefined, parsedNs: bigint, warning?: JsonObject) => {
    const { result, nondeterministic, metrics } = await answer(asked, input, parsedNs);
    log(asked, { input, result, metrics, ...(nondeterministic === undefined ? {} : { nondeterministic }) });
    const { parameters, decisionId, policies } = asked;
    const shown: { [member: string]: JsonValue } = {};
    if (decisionId !== undefined) shown.decision_id = decisionId;
    if (flag(parameters, "provenance")) shown.provenance = provenanceOf(policies, rooms.version);
    if (flag(parameters, "metrics") || flag(parameters, "instrument")) shown.metrics = metrics;
    if (result !== undefined) shown.result = result;
    if (warning !== undefined) shown.warning = warning;
    return jsonReply(shown, flag(parameters, "pretty"));
  };

  /** Answers with the value of the body, and has room for it until then. */
  const withBody = (context: Context, reply: (body: unknown) => Promise<Response>) =>
    room.during(async (take) => {
      const body = await readBody(context.req.raw, rooms.bodyLimits, take);
      return reply(parseBody(body, context.req.header("content-type") ?? null));
    });

  const v0 = async (asked: Asked, body: unknown) => {
    const input = body === undefined ? undefined : inputText(body);
    const parsedNs = process.hrtime.bigint() - asked.startedNs;
    const { result, nondeterministic, metrics } = await answer(asked, input, parsedNs);
    const missing = result === undefined ? undefinedDocument(asked.path) : undefined;
    log(asked, {
      ...{ input, result, metrics },
      ...(nondeterministic === undefined ? {} : { nondeterministic }),
      ...(missing === undefined ? {} : { error: errorOf(missing) }),
    });
    if (missing !== undefined || result === undefined) throw missing;
    return jsonReply(result, flag(asked.parameters, "pretty"));
  };

  const askV0 = (context: Context, path: string) => {
    const asked = begin(context, path);
    return withBody(context, (body) => v0(asked, body));
  };

  return {
    get: (context: Context, path: string) => {
      const asked = begin(context, path);
      const text = asked.parameters.getAll("input").at(-1);
      const input = text === undefined ? undefined : inputText(parameterJson(text));
      return v1(asked, input, process.hrtime.bigint() - asked.startedNs);
    },
    post: (context: Context, path: string) => {
      const asked = begin(context, path);
      return withBody(context, (body) => {
        const input = inputMember(body);
        const warning = input === undefined ? INPUT_MISSING : undefined;
        return v1(asked, input, process.hrtime.bigint() - asked.startedNs, warning);
      });
    },
    v0: askV0,
    index: (context: Context) => askV0(context, rooms.defaultDecision),
  };
}

const INPUT_MISSING = { code: "api_usage_warning", message: "'input' key missing from the request" };

/** What compiled policies cannot tell is refused by name: an answer without it would look complete. */
function refuseUnserved(parameters: URLSearchParams): void {
  const explain = parameters.get("explain");
  if (explain !== null && explain !== "" && explain !== "off")
    throw new ApiError(
      501,
      "not_implemented",
      "explain is not served: use opa eval --explain on the sources",
    );
  for (const name of ["strict-builtin-errors", "rule_labels"])
    if (flag(parameters, name))
      throw new ApiError(501, "not_implemented", `${name} is not served by compiled policies`);
}

function parameterJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    const message = `parameter contains malformed input document: ${(error as Error).message}`;
    throw new ApiError(400, "invalid_parameter", message, { cause: error });
  }
}

function undefinedDocument(path: string): ApiError {
  const reference = renderReference(parseDataPath(path));
  return new ApiError(404, "undefined_document", `document missing or undefined: ${reference}`);
}

function errorOf({ code, message }: ApiError): { readonly code: string; readonly message: string } {
  return { code, message };
}

function metricsOf(
  { startedNs }: Asked,
  parsedNs: bigint,
  evaluatingNs: bigint,
  _error: ApiError | undefined,
): { readonly [name: string]: number } {
  const now = process.hrtime.bigint();
  return {
    timer_rego_input_parse_ns: Number(parsedNs),
    timer_rego_query_eval_ns: Number(now - evaluatingNs),
    timer_server_handler_ns: Number(now - startedNs),
  };
}

function provenanceOf({ bundles }: ApiPolicies, version: string): JsonObject {
  return { version, build_commit: "", build_timestamp: "", build_hostname: "", bundles };
}

function remoteOf(context: Context): string {
  const { address, port, addressType } = getConnInfo(context).remote;
  if (address === undefined || port === undefined) return "";
  return addressType === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
}

/** W3C trace context (https://www.w3.org/TR/trace-context/#traceparent-header-field-values). */
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

function traceOf(traceparent: string | undefined): { readonly traceId?: string; readonly spanId?: string } {
  const [, traceId, spanId] = TRACEPARENT.exec(traceparent ?? "") ?? [];
  return traceId === undefined || spanId === undefined ? {} : { traceId, spanId };
}
