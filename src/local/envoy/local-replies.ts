import { ERRORS } from "../../exchange/errors.ts";
import { grpcStatus } from "../../formats/kserve-v2-grpc/status.ts";
import { note, type Yaml } from "./note.ts";

/**
 * The codes of answers that Envoy gives by itself, as this configuration words them. docs/errors.md lists them with the
 * codes of Regent. Those of Regent's catalogue mean the same here as there.
 */
export const ENVOY_ERRORS = {
  policy_unreachable: {
    status: 503,
    message: "The policy service did not answer as it must, so nothing is let through.",
  },
  body_too_large: ERRORS.body_too_large,
  path_ambiguous: ERRORS.path_ambiguous,
  upgrade_refused: ERRORS.upgrade_refused,
  headers_too_large: { status: 431, message: "The request headers are larger than this gateway accepts." },
  request_timeout: { status: 408, message: "The request did not arrive in time." },
  request_malformed: { status: 400, message: "The request is not valid HTTP." },
  not_routed: { status: 503, message: "No decision chose where this request goes, so it goes nowhere." },
  upstream_timeout: { status: 504, message: "The model server did not answer in time." },
  upstream_unavailable: { status: 503, message: "The model server cannot be reached or broke off." },
  gateway_error: { status: 500, message: "The gateway could not serve this request." },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type EnvoyErrorCode = keyof typeof ENVOY_ERRORS;

/**
 * How Envoy recognises each: a CEL expression over `response.code_details`
 * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details) or its response flags.
 * The first that matches counts.
 */
const SIGNS: readonly (readonly [
  EnvoyErrorCode,
  { readonly cel: string } | { readonly flags: readonly string[] },
])[] = [
  ["policy_unreachable", { cel: "response.code_details.matches('^(ext_proc_error|ext_authz_error)')" }],
  ["body_too_large", { cel: "response.code_details == 'request_payload_too_large'" }],
  ["path_ambiguous", { cel: "response.code_details == 'path_normalization_failed'" }],
  ["upgrade_refused", { cel: "response.code_details == 'upgrade_failed'" }],
  ["headers_too_large", { cel: "response.code == 431" }],
  ["upstream_timeout", { cel: "response.code == 504" }],
  ["request_timeout", { cel: "response.code == 408" }],
  ["not_routed", { cel: "response.code_details == 'direct_response'" }],
  ["upstream_unavailable", { flags: ["UF", "UH", "UO", "UC", "UR", "URX", "LR", "UPE", "NC"] }],
  ["request_malformed", { cel: "response.code >= 400 && response.code < 500" }],
  ["gateway_error", { cel: "response.code >= 500" }],
];

/** Details of answers that Regent gave: those are worded already. `ext_authz_denied` is Envoy's word for a denial. */
const OF_REGENT = "response.code_details.matches('^(regent_|ext_authz_denied)')";

/**
 * HttpConnectionManager.local_reply_config: Envoy's own answers as OpenAI's error object with a code; to clients of gRPC, whose answers
 * are all 200, as a status and a sentence.
 */
export function localReplies(): Yaml {
  return {
    mappers: [
      note("What Regent answered is passed on as it is: a mapper that changes nothing, first.", {
        filter: celFilter(OF_REGENT),
      }),
      ...SIGNS.map(([code, sign]) => grpcMapper(code, signFilter(sign))),
      ...SIGNS.map(([code, sign]) => mapper(code, signFilter(sign))),
    ],
  };
}

function mapper(code: EnvoyErrorCode, filter: Yaml): Yaml {
  const { status, message } = ENVOY_ERRORS[code];
  return {
    filter,
    status_code: status,
    body_format_override: {
      json_format: {
        error: { message, type: status < 500 ? "invalid_request_error" : "server_error", param: null, code },
      },
      content_type: "application/json",
    },
    headers_to_add: namedHeaders(code),
  };
}

/** What follows the sentence for clients of gRPC, where one of theirs is the likely reason. */
const GRPC_HINTS: ReadonlyMap<EnvoyErrorCode, string> = new Map([
  ["request_timeout", "A stream of requests is governed when the client has sent all of it."],
]);

function grpcMapper(code: EnvoyErrorCode, sign: Yaml): Yaml {
  const { status, message } = ENVOY_ERRORS[code];
  const hint = GRPC_HINTS.get(code);
  const isGrpc = {
    header_filter: { header: { name: "content-type", string_match: { prefix: "application/grpc" } } },
  };
  return {
    filter: { and_filter: { filters: [isGrpc, sign] } },
    body_format_override: {
      text_format_source: { inline_string: hint === undefined ? message : `${message} ${hint}` },
    },
    headers_to_add: [...namedHeaders(code), setHeader("grpc-status", String(grpcStatus(status)))],
  };
}

function namedHeaders(code: EnvoyErrorCode): Yaml[] {
  return [
    setHeader("x-regent-reason", code),
    // Left out by Envoy where no decision was made.
    setHeader("x-regent-decision-id", "%DYNAMIC_METADATA(regent:decision_id)%"),
  ];
}

function setHeader(key: string, value: string): Yaml {
  return { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" };
}

function signFilter(sign: (typeof SIGNS)[number][1]): Yaml {
  return "cel" in sign ? celFilter(sign.cel) : flagFilter(sign.flags);
}

function celFilter(expression: string): Yaml {
  return {
    extension_filter: {
      name: "envoy.access_loggers.extension_filters.cel",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        expression,
      },
    },
  };
}

function flagFilter(flags: readonly string[]): Yaml {
  return { response_flag_filter: { flags } };
}
