import { z } from "zod";
import { secretSchema } from "../document/secret.ts";
import { parseAddress, parseTcpAddress, TCP_PATTERN, UNIX_PATTERN } from "./address.ts";
import { bundlesSection, persistenceSection } from "./sections/bundles.ts";
import { cacheSection } from "./sections/cache.ts";
import { decisionLogsSection } from "./sections/decision-logs.ts";
import { rolloutSection } from "./sections/rollout.ts";
import { servicesSection } from "./sections/services.ts";
import { labelsSection, statusSection } from "./sections/status.ts";
import { translationSection } from "./sections/translation.ts";
import { durationText, section, sizeText } from "./sections/values.ts";

/** A policy entrypoint: the path of a rule. */
const ENTRYPOINT_PATTERN = /^[A-Za-z_][\w-]*(\/[A-Za-z_][\w-]*)*$/;
/** An exact path, or a prefix that ends in `*`. */
const PATH_PATTERN = /^\/[^*?#\s]*\*?$/;
/** An exact host without port, or `*.` and a suffix. */
const HOST_PATTERN = /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
/** A URI with a path; a segment of it may be `*`. */
const PEER_PATTERN = /^[a-z][a-z0-9+.-]*:\/\/[^/*\s]+(\/([^/*\s]+|\*))+$/;
/** A SPIFFE id; a segment of its path may be a name in braces. */
const SPIFFE_PATTERN = /^spiffe:\/\/[a-z0-9._-]+(\/([^/{}*\s]+|\{[^/{}\s]*\}))+$/;

/** A governed body is held in memory as a whole, by Envoy and here. */
export const BODY_BYTES_MAX = 50 * 1024 ** 2;
/** The newest segment is read as a whole at every start, so it must be read within a second or two. */
const SEGMENT_BYTES_MAX = 256 * 1024 ** 2;
/** A label with more values than this costs a Prometheus server more than the label tells. */
const LABEL_VALUES_MAX = 10_000;

const NO_ADDRESS =
  "is not an address such as 127.0.0.1:9191: the port is at most 65535, a path at most 107 bytes";
const labelValues = z.number().int().min(0).max(LABEL_VALUES_MAX);
const tcpAddress = z
  .string()
  .regex(TCP_PATTERN, "must be HOST:PORT")
  .refine((text) => !TCP_PATTERN.test(text) || parseTcpAddress(text) !== undefined, NO_ADDRESS);
const anyAddress = z
  .string()
  .regex(new RegExp(`${TCP_PATTERN.source}|${UNIX_PATTERN.source}`), "must be HOST:PORT or unix:///PATH")
  .refine((text) => parseAddress(text) !== undefined, NO_ADDRESS);
const entrypoint = z
  .string()
  .regex(ENTRYPOINT_PATTERN, "must be a rule's path such as regent/request/decision");

const routeSchema = z.strictObject({
  match: z
    .strictObject({
      path: z
        .string()
        .regex(PATH_PATTERN, "must be an exact path, or a prefix that ends in *")
        .describe("Exact path, or a prefix that ends in `*`"),
      host: z
        .string()
        .regex(HOST_PATTERN, "must be a host in lower case without port, or *.SUFFIX")
        .optional()
        .describe("Exact host without port, or `*.` and a suffix; any when left out"),
      method: z
        .enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
        .optional()
        .describe("Any when left out"),
    })
    .describe("Which requests; the first route that matches counts"),
  failMode: z
    .enum(["closed", "open-audited", "shadow"])
    // Nobody may believe in a mode that does nothing yet.
    .refine((mode) => mode === "closed", "is not implemented yet; use closed")
    .default("closed")
    .describe("What happens when Regent cannot decide. Only closed is available today"),
  maxBody: sizeText(1, BODY_BYTES_MAX).default("4Mi").describe("Largest request body; more is 413"),
  answers: z
    .enum(["judged", "streamed"])
    .default("judged")
    .describe(
      "`streamed`: answers pass as they come (STREAMED, without overrides), so that nothing that has left can be taken back",
    ),
  audit: z
    .enum(["digest", "redacted", "full"])
    // Policy says it for each exchange; a second opinion by route does not exist.
    .refine((level) => level === "redacted", "is not implemented yet for routes; policy sets audit.level")
    .default("redacted")
    .describe("What the record holds where policy does not say. Only redacted is available today"),
});

/** The configuration file as it is written. The one source of the types, the defaults and the JSON schema. */
export const configSchema = z
  .strictObject({
    version: z.literal(1).describe("The version of this form"),
    listen: anyAddress
      .default("127.0.0.1:9191")
      .describe("gRPC for Envoy: HOST:PORT or unix:///PATH. Beyond loopback only with tls and allowed peers"),
    tls: z
      .strictObject({
        certFile: z.string().min(1).describe("Certificate chain, PEM; a rotated one is taken up"),
        keyFile: z.string().min(1).describe("Its private key, PEM"),
        clientCaFile: z.string().min(1).optional().describe("CA of the peers, PEM. Required beyond loopback"),
        peers: z
          .array(
            z.string().regex(PEER_PATTERN, "must be a URI such as spiffe://cluster.local/ns/istio-system/*"),
          )
          .default([])
          .describe(
            "URI names in client certificates that may connect; `*` stands for a segment, at the end for any rest",
          ),
      })
      .optional(),
    admin: section({
      listen: tcpAddress.default("127.0.0.1:8181").describe("The admin port, for `/status`. Loopback only"),
      token: secretSchema.optional().describe("Bearer token that the admin port asks for"),
    }),
    probes: section({
      listen: tcpAddress.default("0.0.0.0:8282").describe("`/livez`, `/readyz`, `/health` and `/metrics`"),
    }),
    services: servicesSection,
    bundles: bundlesSection,
    persistence: persistenceSection,
    rollout: rolloutSection,
    cache: cacheSection,
    labels: labelsSection,
    status: statusSection,
    decisionLogs: decisionLogsSection,
    extAuthz: section({
      entrypoint: entrypoint
        .optional()
        .describe("Rule that ext_authz evaluates; left out, it only says who calls"),
      dryRun: z
        .boolean()
        .default(false)
        .describe("Let pass what that rule denies, and say in the logs what it would have done"),
      skipRequestBodyParse: z
        .boolean()
        .default(false)
        .describe("Leave `parsed_body` out of the input of that rule"),
      protoDescriptor: z
        .string()
        .min(1)
        .optional()
        .describe("FileDescriptorSet by which that rule reads gRPC bodies; they are null when left out"),
    }),
    governance: section({
      request: entrypoint.default("regent/request/decision").describe("Rule that decides about requests"),
      response: entrypoint.default("regent/response/decision").describe("Rule that decides about answers"),
    }),
    translation: translationSection,
    routes: z
      .array(routeSchema)
      .max(1000)
      .default([])
      .describe("First match wins; what matches none is governed by the defaults of a route"),
    identity: section({
      apiKeys: z
        .strictObject({
          file: z.string().min(1).describe("Salted hashes of API keys; no key is known when left out"),
        })
        .optional(),
      spiffe: z
        .array(
          z.strictObject({
            match: z
              .string()
              .regex(
                SPIFFE_PATTERN,
                "must be a SPIFFE id such as spiffe://cluster.local/ns/{tenant}/sa/{subject}",
              )
              .describe(
                "SPIFFE id; segments `{tenant}`, `{subject}`, `{team}`, `{project}` become the identity's",
              ),
            roles: z.array(z.string().min(1)).describe("Its roles"),
          }),
        )
        .max(1000)
        .default([])
        .describe("Who the holder of a certificate is; the first match counts"),
    }),
    registry: section({ file: z.string().min(1).optional().describe("The models; none when left out") }),
    audit: section({
      dir: z
        .string()
        .min(1)
        .default("var/audit")
        .describe("Folder of the log of records; one for each process"),
      flush: durationText(1, 10_000)
        .default("100ms")
        .describe("How long a record waits for others to be written with it: what a kill may take"),
      segment: sizeText(64 * 1024, SEGMENT_BYTES_MAX)
        .default("16Mi")
        .describe("Size at which a new file is begun"),
    }),
    telemetry: section({
      labels: z
        .strictObject({
          tenant: labelValues
            .default(100)
            .describe("Most tenants that metrics name; later ones count as `other`"),
          model: labelValues
            .default(200)
            .describe("Most models that metrics name; later ones count as `other`"),
        })
        .prefault({}),
    }),
    log: section({
      level: z
        .enum(["trace", "debug", "info", "warn", "error", "fatal"])
        .default("info")
        .describe("From which level on the process log is written"),
      format: z
        .enum(["json", "pretty"])
        .default("json")
        .describe("One line of JSON a message, or readable lines"),
    }),
    server: section({
      reflection: z.boolean().default(false).describe("Answer gRPC reflection"),
    }),
    drain: section({
      grace: durationText(0, 3_600_000).default("30s").describe("How long streams may finish after SIGTERM"),
    }),
  })
  .meta({ title: "regent.yaml", description: "The configuration of Regent" });

/** The file as written. */
export type ConfigSource = z.input<typeof configSchema>;
/** The file with every default filled in. */
export type ConfigDocument = z.output<typeof configSchema>;
