import { z } from "zod";
import { SIGNATURE_ALGORITHMS } from "../policy/bundle/signature/key.ts";

/**
 * The configuration of OPA and of opa-envoy-plugin as it is written. Keys that nobody knows are left in: OPA only warns
 * of them, and the table of keys tells which is which.
 * @see https://www.openpolicyagent.org/docs/configuration
 */

/** A section may stand there without a value, as Helm charts leave them. */
function section<S extends z.ZodRawShape>(shape: S) {
  return z.preprocess((value) => (value === null ? undefined : value), z.looseObject(shape).optional());
}

const text = z.string();
const name = z.string().min(1);
const seconds = z
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER / 1000);
const bytes = z.number().int().max(Number.MAX_SAFE_INTEGER);
const texts = z.record(z.string(), z.string());
/** `manual` makes a program ask for each download and upload itself, which nothing here does. */
const trigger = z.enum(["periodic"], "must be periodic: manual is for programs that embed OPA").optional();
/** `/a/b`, `a/b`. */
const decisionPath = z
  .string()
  .regex(/^\/*[^/\s"]+(\/+[^/\s"]+)*\/*$/, "must be the path of a rule such as /envoy/authz/allow");

const polling = section({
  min_delay_seconds: seconds.optional(),
  max_delay_seconds: seconds.optional(),
  long_polling_timeout_seconds: seconds.min(1).optional(),
});

const signing = section({
  keyid: text.optional(),
  scope: text.optional(),
  exclude_files: z.array(text).optional(),
});

const download = {
  service: text.optional(),
  resource: text.optional(),
  persist: z.boolean().optional(),
  trigger,
  polling,
  signing,
};

const service = z.looseObject({
  name: name.optional(),
  // As the service itself reads it; a fault shows nothing of it, for it may hold a password.
  url: z
    .string("required: the base URL of the service")
    .refine(
      (url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol),
      "must be an http:// or https:// URL",
    ),
  headers: texts.optional(),
  response_header_timeout_seconds: seconds.optional(),
  allow_insecure_tls: z.boolean().optional(),
  tls: section({ ca_cert: text.optional(), system_ca_required: z.boolean().optional() }),
  type: z
    .string()
    .refine((type) => type === "", "must be left out: bundles from OCI registries are not supported")
    .optional(),
  credentials: section({
    bearer: section({ token: text.optional(), token_path: text.optional(), scheme: text.optional() }),
    client_tls: section({
      cert: text.optional(),
      private_key: text.optional(),
      private_key_passphrase: text.optional(),
      ca_cert: text.optional(),
      system_ca_required: z.boolean().optional(),
    }),
    oauth2: section({
      token_url: text.optional(),
      client_id: text.optional(),
      client_secret: text.optional(),
      scopes: z.array(text).optional(),
      grant_type: z.literal("client_credentials", "must be client_credentials").optional(),
    }),
    s3_signing: section({
      environment_credentials: z.looseObject({}).nullish(),
      profile_credentials: section({
        path: text.optional(),
        profile: text.optional(),
        aws_region: text.optional(),
      }),
      service: text.optional(),
      signature_version: z.literal("4", "must be 4").optional(),
    }),
  }),
});

/** A map by name, or a list in which each names itself. */
const services = z.union([z.record(z.string(), service), z.array(service.required({ name: true }))], {
  error: "must be a map of services by name, or a list of services",
});

const key = z.looseObject({
  key: text.optional(),
  private_key: text.optional(),
  algorithm: z.enum(SIGNATURE_ALGORITHMS).default("RS256"),
  scope: text.optional(),
});

const messageBytes = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** @see https://www.openpolicyagent.org/docs/envoy */
const plugin = z.preprocess(
  (value) => value ?? {},
  z.looseObject({
    addr: text.default(":9191"),
    path: decisionPath.optional(),
    query: text.optional(),
    "dry-run": z.boolean().default(false),
    "enable-reflection": z.boolean().default(false),
    "proto-descriptor": text.default(""),
    "grpc-max-recv-msg-size": messageBytes.default(4 * 1024 * 1024),
    "grpc-max-send-msg-size": messageBytes.default(2 ** 31 - 1),
    "skip-request-body-parse": z.boolean().default(false),
    "enable-performance-metrics": z.boolean().default(false),
    "grpc-request-duration-seconds-buckets": z
      .array(z.number())
      .default([1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 3e-3, 5e-3, 0.1, 1]),
  }),
);

export const opaSchema = z.looseObject({
  services: z.preprocess((value) => value ?? {}, services).default({}),
  labels: z.preprocess((value) => value ?? {}, texts).default({}),
  keys: z.preprocess((value) => value ?? {}, z.record(z.string(), key)).default({}),
  bundles: z
    .preprocess(
      (value) => value ?? {},
      z.record(z.string(), z.looseObject({ ...download, size_limit_bytes: bytes.optional() }).nullable()),
    )
    .default({}),
  bundle: section({ ...download, name, prefix: text.optional(), size_limit_bytes: bytes.optional() }),
  discovery: section({
    ...download,
    name: text.optional(),
    prefix: text.optional(),
    decision: decisionPath.optional(),
  }),
  decision_logs: section({
    service: text.optional(),
    resource: text.optional(),
    partition_name: text.optional(),
    console: z.boolean().optional(),
    mask_decision: decisionPath.optional(),
    drop_decision: decisionPath.optional(),
    nd_builtin_cache: z.boolean().optional(),
    reporting: section({
      buffer_type: z.enum(["size", "event"]).optional(),
      buffer_size_limit_bytes: bytes.optional(),
      buffer_size_limit_events: bytes.optional(),
      upload_size_limit_bytes: bytes.optional(),
      min_delay_seconds: seconds.optional(),
      max_delay_seconds: seconds.optional(),
      max_decisions_per_second: z.number().min(0).optional(),
      trigger: z
        .enum(
          ["periodic", "immediate"],
          "must be periodic or immediate: manual is for programs that embed OPA",
        )
        .optional(),
    }),
    request_context: section({ http: section({ headers: z.array(text).optional() }) }),
  }),
  status: section({
    service: text.optional(),
    partition_name: text.optional(),
    console: z.boolean().optional(),
    trigger,
  }),
  default_decision: decisionPath.default("/system/main"),
  nd_builtin_cache: z.boolean().default(false),
  persistence_directory: name.default(".opa"),
  server: section({
    decoding: section({
      max_length: bytes.min(1).optional(),
      gzip: section({ max_length: bytes.min(1).optional() }),
    }),
  }),
  plugins: z
    .preprocess(
      (value) => value ?? {},
      z.looseObject({ envoy_ext_authz_grpc: plugin.optional(), "envoy.ext_authz.grpc": plugin.optional() }),
    )
    .default({}),
});

/** The configuration with the defaults of what stands alone. */
export type OpaDocument = z.output<typeof opaSchema>;
export type OpaPlugin = NonNullable<OpaDocument["plugins"]["envoy_ext_authz_grpc"]>;
