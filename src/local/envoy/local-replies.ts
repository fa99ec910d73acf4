import { ERRORS } from "../../exchange/errors.ts";
import type { Format } from "../../formats/index.ts";
import { type Dialect, isFramed, isOfSomeDialect, isSpoken, isUsual } from "./client-dialect.ts";
import { inline, note, type Yaml } from "./note.ts";
import { HIDDEN_SLASH_RULE } from "./plain-paths.ts";
import { dialectsOf, wordsOf } from "./worded.ts";

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
  request_timeout: ERRORS.request_timeout,
  request_malformed: { status: 400, message: "The request is not valid HTTP." },
  not_routed: { status: 503, message: "No decision chose where this request goes, so it goes nowhere." },
  upstream_timeout: { status: 504, message: "The model server did not answer in time." },
  upstream_unavailable: { status: 503, message: "The model server cannot be reached or broke off." },
  gateway_overloaded: {
    status: 503,
    message: "The gateway takes no more requests just now. Try again later.",
  },
  gateway_error: { status: 500, message: "The gateway could not serve this request." },
} as const satisfies Record<string, { readonly status: number; readonly message: string }>;

export type EnvoyErrorCode = keyof typeof ENVOY_ERRORS;

type Sign = {
  readonly code: EnvoyErrorCode;
  /**
   * How Envoy recognises it: a CEL expression over `response.code_details`
   * (https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/response_code_details), or its response flags.
   */
  readonly by: { readonly cel: string } | { readonly flags: readonly string[] };
  /** Before a decision the client is told the id of its request, after it that of the decision, by which the record is found. */
  readonly comes: "before" | "after";
  /**
   * Whose words it takes in a mesh, where Envoy has more to answer than what is Regent's business: for every request, only for
   * requests of a dialect, or those of the mesh.
   */
  readonly inMesh: "always" | "in_dialects" | "never";
};

/** The first that matches counts. */
const SIGNS: readonly Sign[] = [
  {
    code: "policy_unreachable",
    by: { cel: "response.code_details.matches('^(ext_proc_error|ext_authz_error)')" },
    comes: "before",
    inMesh: "always",
  },
  {
    code: "body_too_large",
    by: { cel: "response.code_details == 'request_payload_too_large'" },
    comes: "before",
    inMesh: "always",
  },
  {
    code: "path_ambiguous",
    by: {
      cel:
        "response.code_details == 'path_normalization_failed' || " +
        `response.code_details == 'rbac_access_denied_matched_policy[${HIDDEN_SLASH_RULE}]'`,
    },
    comes: "before",
    inMesh: "always",
  },
  {
    code: "upgrade_refused",
    by: { cel: "response.code_details == 'upgrade_failed'" },
    comes: "before",
    inMesh: "always",
  },
  {
    code: "gateway_overloaded",
    by: { cel: "response.code_details == 'overload'" },
    comes: "before",
    inMesh: "in_dialects",
  },
  { code: "headers_too_large", by: { cel: "response.code == 431" }, comes: "before", inMesh: "never" },
  { code: "upstream_timeout", by: { cel: "response.code == 504" }, comes: "after", inMesh: "in_dialects" },
  { code: "request_timeout", by: { cel: "response.code == 408" }, comes: "before", inMesh: "in_dialects" },
  {
    code: "not_routed",
    by: { cel: "response.code == 503 && response.code_details == 'direct_response'" },
    comes: "after",
    inMesh: "in_dialects",
  },
  {
    code: "not_routed",
    by: { cel: "response.code_details == 'route_not_found'" },
    comes: "after",
    inMesh: "never",
  },
  {
    code: "upstream_unavailable",
    by: { flags: ["UF", "UH", "UO", "UC", "UR", "URX", "LR", "UPE", "NC"] },
    comes: "after",
    inMesh: "in_dialects",
  },
  {
    code: "request_malformed",
    by: { cel: "response.code >= 400 && response.code < 500" },
    comes: "before",
    inMesh: "never",
  },
  { code: "gateway_error", by: { cel: "response.code >= 500" }, comes: "before", inMesh: "never" },
];

/**
 * Details of answers that are worded already: by Regent (`ext_authz_denied` is Envoy's word for a denial), or by who asked
 * Envoy to fail.
 */
const WORDED = "response.code_details.matches('^(regent_|ext_authz_denied|fault_filter_abort)')";

/** Envoy's command for the id, by when an answer comes. A client's own id may be as long as its headers are. */
const ID_COMMANDS: { readonly [comes in Sign["comes"]]: string } = {
  before: "%REQ(x-request-id):128%",
  after: "%DYNAMIC_METADATA(regent:decision_id)%",
};

const ERRORS_OF_ENVOY = Object.entries(ENVOY_ERRORS).map(([code, error]) => ({ ...error, code }));

/** Those whose clients are told by their framing come first: Envoy itself goes by it. The usual one takes what is left. */
export const DIALECTS: readonly Dialect[] = (() => {
  const rank = (dialect: Dialect) => (isGrpc(dialect) ? 0 : isUsual(dialect) ? 2 : 1);
  return dialectsOf(ERRORS_OF_ENVOY).toSorted((a, b) => rank(a) - rank(b));
})();

function isGrpc({ formats }: Dialect): boolean {
  return formats.some((format) => wordsOf(format, { code: "", message: "", status: 500 }, "").isGrpc);
}

/**
 * HttpConnectionManager.local_reply_config: Envoy's own answers in the words of the client's dialect, as its format has them. In
 * a mesh only those that are Regent's business.
 */
export function localReplies(place: "local" | "mesh" = "local"): Yaml {
  const signs = place === "local" ? SIGNS : SIGNS.filter(({ inMesh }) => inMesh !== "never");
  return {
    mappers: [
      note("What is worded already is passed on as it is: a mapper that changes nothing, first.", {
        filter: celFilter(WORDED),
      }),
      ...signs.flatMap((sign) =>
        DIALECTS.map((dialect, at) => {
          const isLimited = place === "mesh" && sign.inMesh === "in_dialects";
          const mapped = mapper(sign, dialect, isLimited);
          return at === 0 ? note(`${sign.code}, to clients of each dialect`, mapped) : mapped;
        }),
      ),
    ],
  };
}

/** What follows the sentence for clients of gRPC, where one of theirs is the likely reason. */
const GRPC_HINTS: ReadonlyMap<EnvoyErrorCode, string> = new Map([
  ["request_timeout", "The answer to a stream of requests must begin in this time too."],
]);

function mapper({ code, by, comes }: Sign, dialect: Dialect, isLimited: boolean): Yaml {
  const { status, message } = ENVOY_ERRORS[code];
  const [format] = dialect.formats as readonly [Format];
  const hint = isGrpc(dialect) ? GRPC_HINTS.get(code) : undefined;
  const error = { code, status, message: hint === undefined ? message : `${message} ${hint}` };
  const words = wordsOf(format, error, ID_COMMANDS[comes]);
  const filters = [signFilter(by), ...clientFilter(dialect, isLimited)];
  return {
    filter: inline(filters.length === 1 ? (filters[0] as Yaml) : { and_filter: { filters } }),
    // Clients of gRPC are answered 200, whatever happens.
    ...(words.isGrpc ? {} : { status_code: status }),
    body_format_override: inline(words.format),
    headers_to_add: [
      ["x-regent-reason", code] as const,
      // Left out by Envoy where no decision was made.
      ["x-regent-decision-id", "%DYNAMIC_METADATA(regent:decision_id)%"] as const,
      ...words.headers,
    ].map(([name, value]) => setHeader(name, value)),
  };
}

function clientFilter(dialect: Dialect, isLimited: boolean): Yaml[] {
  if (isGrpc(dialect)) return [isFramed(dialect)];
  if (!isUsual(dialect)) return [isSpoken(dialect)];
  return isLimited ? [isOfSomeDialect()] : [];
}

function setHeader(key: string, value: string): Yaml {
  return inline({ header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" });
}

function signFilter(by: Sign["by"]): Yaml {
  return "cel" in by ? celFilter(by.cel) : flagFilter(by.flags);
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
