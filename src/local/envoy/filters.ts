import { BodySendMode, HeaderSendMode, type Init, type ProcessingMode } from "../../envoy/codec.ts";
import { BODY_UNREAD, BOTH_UNREAD, OVERRIDES, OVERRIDES_OF_STREAMS } from "../../envoy/process/modes.ts";
import { HOST_ATTRIBUTES, TARGET_OF_HOST, UPSTREAM_METADATA } from "../../envoy/upstream/upstream.ts";
import { dialectFilter } from "./client-dialect.ts";
import { DIALECTS } from "./local-replies.ts";
import { note, type Yaml } from "./note.ts";
import { type EnvoyOptions, sizesFor, TIMES } from "./options.ts";
import { plainPaths } from "./plain-paths.ts";

/** Name of the cluster of Regent's gRPC services. */
export const REGENT_CLUSTER = "regent";

/** The same for streams of requests, which are held back while Regent judges. A name that no target can have. */
export const REGENT_STREAMS_CLUSTER = "regent:streams";

const BUFFER_ROOM = "regent.buffer_room";

/** The HTTP filters in the order in which a request passes them. */
export function httpFilters(options: EnvoyOptions): Yaml[] {
  const { filters } = options;
  const authz = filters === "both" || filters === "ext_authz" || filters === "ext_authz_body";
  const proc = filters === "both" || filters === "ext_proc";
  return [
    ...(filters === "none" ? [] : [dialectFilter(DIALECTS), plainPaths(), bodyLimit(options)]),
    ...(proc ? [bufferRoom(options)] : []),
    ...(authz ? [extAuthz(options)] : []),
    ...(proc ? [extProc()] : []),
    filter("envoy.filters.http.router", "router.v3.Router", { suppress_envoy_headers: true }),
  ];
}

function bodyLimit(options: EnvoyOptions): Yaml {
  return note(
    "The limit of a body stands first: without it, one that is too large hangs until the idle timeout when ext_authz\n" +
      "runs without a body in front of ext_proc.",
    filter("envoy.filters.http.buffer", "buffer.v3.Buffer", {
      max_request_bytes: sizesFor(options.bodyBytesMax).body,
    }),
  );
}

/**
 * `max_request_bytes` becomes the limit of all buffers of a stream from there on, in both directions and at the cluster as
 * well. The first of the two filters has taken the whole body when it lets the second see it.
 */
function bufferRoom(options: EnvoyOptions): Yaml {
  return note(
    "The limit above is now that of every buffer of the request and its answer, also at the cluster, where Envoy crashes\n" +
      "when a replaced body does not fit. This one makes the room again.",
    filter(
      "envoy.filters.http.buffer",
      "buffer.v3.Buffer",
      { max_request_bytes: sizesFor(options.bodyBytesMax).connectionBuffer },
      BUFFER_ROOM,
    ),
  );
}

function extAuthz({ filters, bodyBytesMax }: EnvoyOptions): Yaml {
  const governs = filters === "ext_authz_body";
  return note(
    governs
      ? "ext_authz alone: the whole decision, on head and body."
      : "Says who calls, without the body, and hands that to ext_proc as dynamic metadata.",
    filter("envoy.filters.http.ext_authz", "ext_authz.v3.ExtAuthz", {
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: REGENT_CLUSTER }, timeout: seconds(TIMES.regentAnswer) },
      failure_mode_allow: false,
      status_on_error: { code: "ServiceUnavailable" },
      validate_mutations: true,
      decoder_header_mutation_rules: { disallow_is_error: true },
      ...(governs
        ? {
            with_request_body: {
              max_request_bytes: sizesFor(bodyBytesMax).body,
              allow_partial_message: false,
              pack_as_bytes: true,
            },
            clear_route_cache: note("The target it sets decides the route.", true),
          }
        : {}),
    }),
  );
}

function extProc(): Yaml {
  return note(
    "Governs: reads the request body, decides once, and sees the answer.",
    filter("envoy.filters.http.ext_proc", "ext_proc.v3.ExternalProcessor", {
      grpc_service: { envoy_grpc: { cluster_name: REGENT_CLUSTER } },
      ...closed(),
      processing_mode: {
        ...PROCESSING_MODE,
        request_body_mode: note(
          "Whole, before anything goes upstream: streamed bodies cannot be held back.",
          "BUFFERED",
        ),
        request_trailer_mode: note(
          "Without, a request of headers and trailers would leave undecided.",
          "SEND",
        ),
        response_body_mode: note(
          "Regent asks for one of the modes below with each answer. STREAMED shows when that was ignored.",
          "STREAMED",
        ),
      },
      allow_mode_override: true,
      allowed_override_modes: [...overrideModes(OVERRIDES), ...streamOverrideModes()],
      request_attributes: REQUEST_ATTRIBUTES,
      response_attributes: note(
        "What Envoy answers by itself has no request here: these tell whose answer it is, and to what.",
        RESPONSE_ATTRIBUTES,
      ),
      metadata_options: {
        forwarding_namespaces: {
          untyped: note("Where Envoy files what ext_authz hands over.", ["envoy.filters.http.ext_authz"]),
        },
        receiving_namespaces: { untyped: ["regent", "io.envoy.ai_gateway", "envoy.lb"] },
      },
      ...mutationRules(),
    }),
  );
}

/**
 * What is different for streams of requests, by the names of the filters. Envoy takes it from the route that fits before a
 * decision chose one.
 */
export function streamFilters(): Yaml {
  const disabled = { "@type": `${TYPES}.buffer.v3.BufferPerRoute`, disabled: true };
  return {
    "envoy.filters.http.buffer": disabled,
    [BUFFER_ROOM]: disabled,
    "envoy.filters.http.ext_proc": {
      "@type": `${TYPES}.ext_proc.v3.ExtProcPerRoute`,
      overrides: {
        processing_mode: {
          ...PROCESSING_MODE,
          request_body_mode: note(
            "As they come, with the head held until Regent lets it go: no other mode can hold a request back and give\n" +
              "its answer before the next one has come.",
            "FULL_DUPLEX_STREAMED",
          ),
        },
        grpc_service: { envoy_grpc: { cluster_name: REGENT_STREAMS_CLUSTER } },
      },
    },
  };
}

/** What every filter of Regent's has so that nothing passes without an answer of it. */
function closed(): { readonly [key: string]: Yaml } {
  return {
    failure_mode_allow: note(
      "Anything but an answer is a refusal. A clean end of the stream is not: Regent sees to that.",
      false,
    ),
    status_on_error: { code: "ServiceUnavailable" },
    message_timeout: note(
      "Above every limit of Regent's own, so that it is Regent that refuses.",
      seconds(TIMES.regentAnswer),
    ),
  };
}

function mutationRules(): { readonly [key: string]: Yaml } {
  return {
    mutation_rules: note(
      "Host, method, scheme and x-envoy-* stay as they are; a change to them is an error, not silently dropped.",
      { allow_all_routing: false, allow_envoy: false, disallow_is_error: true },
    ),
  };
}

/**
 * The filters of a cluster, through which every attempt to reach a target passes: what depends on the target that was
 * picked in the end, its dialect and its key, is put into the request here.
 *
 * @param target the name of the one target of the cluster; `@host` where its endpoints say it
 */
export function upstreamFilters(target: string): Yaml[] {
  const ofHost = target === TARGET_OF_HOST;
  return [
    note(
      "Translates to the target's dialect and adds its key, at each attempt: the one before may have gone elsewhere.",
      filter("envoy.filters.http.ext_proc", "ext_proc.v3.ExternalProcessor", {
        grpc_service: {
          envoy_grpc: { cluster_name: REGENT_CLUSTER },
          initial_metadata: note("Which target this is: nothing that a client could send.", [
            { key: UPSTREAM_METADATA, value: target },
          ]),
        },
        ...closed(),
        processing_mode: PROCESSING_MODE,
        allow_mode_override: true,
        allowed_override_modes: [
          note("Requests that go as they came.", modeNames(BODY_UNREAD)),
          note("Streams of them, of which some come when an answer has begun.", modeNames(BOTH_UNREAD)),
          ...overrideModes(OVERRIDES),
        ],
        ...(ofHost ? { request_attributes: Object.values(HOST_ATTRIBUTES) } : {}),
        response_attributes: ["response.code_details"],
        ...mutationRules(),
      }),
    ),
    filter("envoy.filters.http.upstream_codec", "upstream_codec.v3.UpstreamCodec", {}),
  ];
}

/** What Regent may ask for in its reply to response headers. Envoy compares field by field, so it is the same list. */
function overrideModes({ none, buffered, stream }: typeof OVERRIDES): Yaml[] {
  return [
    note("Answers that are not read.", modeNames(none)),
    note("JSON answers that are read.", modeNames(buffered)),
    note("Event streams: the one mode in which an answer can be ended early and well.", modeNames(stream)),
  ];
}

function streamOverrideModes(): Yaml[] {
  const { none, buffered, stream } = OVERRIDES_OF_STREAMS;
  return [
    note("The same for answers to streams of requests.", modeNames(none)),
    modeNames(buffered),
    modeNames(stream),
  ];
}

function modeNames(mode: Init<ProcessingMode>): Yaml {
  return {
    request_body_mode: nameIn(BodySendMode, mode.requestBodyMode),
    request_trailer_mode: nameIn(HeaderSendMode, mode.requestTrailerMode),
    response_header_mode: nameIn(HeaderSendMode, mode.responseHeaderMode),
    response_body_mode: nameIn(BodySendMode, mode.responseBodyMode),
    response_trailer_mode: nameIn(HeaderSendMode, mode.responseTrailerMode),
  };
}

function nameIn(names: { readonly [name: string]: number }, wanted: number | undefined): string {
  const found = Object.entries(names).find(([, value]) => value === wanted);
  if (found === undefined) throw new Error(`no name for mode ${wanted}`);
  return found[0];
}

/** What Envoy asserts about the connection: https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes */
const REQUEST_ATTRIBUTES: readonly string[] = [
  "connection.uri_san_peer_certificate",
  "connection.uri_san_local_certificate",
  "source.address",
  "source.port",
  "destination.address",
  "destination.port",
];

const RESPONSE_ATTRIBUTES: readonly string[] = [
  "response.code_details",
  "request.method",
  "request.scheme",
  "request.host",
  "request.path",
];

const PROCESSING_MODE = {
  request_header_mode: "SEND",
  request_body_mode: "BUFFERED",
  request_trailer_mode: "SEND",
  response_header_mode: "SEND",
  response_body_mode: "STREAMED",
  response_trailer_mode: "SKIP",
} as const;

const TYPES = "type.googleapis.com/envoy.extensions.filters.http";

/** `name`: another than that of the kind, where there are two of it. */
function filter(
  kind: string,
  type: string,
  config: { readonly [key: string]: Yaml },
  name: string = kind,
): Yaml {
  return {
    name,
    typed_config: { "@type": `${TYPES}.${type}`, ...config },
  };
}

/** A google.protobuf.Duration. */
export function seconds(value: number): string {
  return `${value}s`;
}
