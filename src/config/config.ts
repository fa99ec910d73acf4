import { resolve } from "node:path";
import { deepFreeze } from "../document/freeze.ts";
import type { Secret } from "../document/secret.ts";
import { parseDurationMs, parseSizeBytes } from "../document/units.ts";
import type { ServiceOptions } from "../services/index.ts";
import { type Address, parseAddress, parseTcpAddress, type TcpAddress } from "./address.ts";
import type { ConfigDocument } from "./schema.ts";
import { type BundleConfig, bundleFrom } from "./sections/bundles.ts";
import { type CacheConfig, cacheFrom } from "./sections/cache.ts";
import { type DecisionLogsConfig, decisionLogsFrom } from "./sections/decision-logs.ts";
import { type RolloutConfig, rolloutFrom } from "./sections/rollout.ts";
import type { SecretAt } from "./sections/secrets.ts";
import { servicesFrom } from "./sections/services.ts";
import { type StatusConfig, statusFrom } from "./sections/status.ts";
import type { TranslationConfig } from "./sections/translation.ts";
import { required } from "./sections/values.ts";

/** What one route asks for. The last route of a configuration matches everything. */
export type Route = {
  readonly match: {
    /** An exact path, or a prefix that ends in `*`. */
    readonly path: string;
    /** An exact host without port, or `*.` and a suffix; undefined: any. */
    readonly host: string | undefined;
    readonly method: string | undefined;
  };
  /** What happens when no decision can be made. The other modes are refused until they exist. */
  readonly failMode: "closed";
  readonly maxBodyBytes: number;
  /** `streamed`: answers pass as they come, so that what has left cannot be taken back. */
  readonly answers: "judged" | "streamed";
};

/** Who the holder of a certificate is. */
export type SpiffeMapping = {
  /** A SPIFFE id; a segment of its path may be `{tenant}`, `{subject}`, `{team}` or `{project}`. */
  readonly match: string;
  readonly roles: readonly string[];
};

/** The configuration as the rooms get it: paths absolute, times in milliseconds, sizes in bytes, frozen. */
export type Config = {
  /** The file it came from, absolute; undefined: built-in defaults. */
  readonly file: string | undefined;
  readonly listen: Address;
  readonly tls:
    | {
        readonly certFile: string;
        readonly keyFile: string;
        readonly clientCaFile: string | undefined;
        readonly peers: readonly string[];
      }
    | undefined;
  readonly admin: { readonly listen: TcpAddress; readonly token: Secret | undefined };
  readonly probes: { readonly listen: TcpAddress };
  readonly services: readonly ServiceOptions[];
  readonly bundles: readonly BundleConfig[];
  /** Folder of the bundles that are kept over a restart. */
  readonly persistenceDir: string;
  /** Undefined: a new version of the policies decides at once. */
  readonly rollout: RolloutConfig | undefined;
  readonly cache: CacheConfig;
  /** Of the process, beside `id` and `version`. */
  readonly labels: { readonly [name: string]: string };
  /** Undefined: nobody is told. */
  readonly status: StatusConfig | undefined;
  /** Undefined: decisions are not logged; records of exchanges are. */
  readonly decisionLogs: DecisionLogsConfig | undefined;
  readonly extAuthz: {
    readonly entrypoint: string | undefined;
    readonly dryRun: boolean;
    readonly skipRequestBodyParse: boolean;
    /** Undefined: bodies of gRPC are not read. */
    readonly protoDescriptorFile: string | undefined;
  };
  readonly governance: { readonly request: string; readonly response: string };
  readonly translation: TranslationConfig;
  /** Never empty: a route for everything comes last. */
  readonly routes: readonly Route[];
  readonly identity: {
    /** Undefined: no key is known, and every call without a known certificate is 401. */
    readonly apiKeysFile: string | undefined;
    readonly spiffe: readonly SpiffeMapping[];
  };
  /** Undefined: no model is known. */
  readonly registryFile: string | undefined;
  readonly audit: { readonly dir: string; readonly flushMs: number; readonly segmentBytesMax: number };
  readonly telemetry: { readonly labels: { readonly tenant: number; readonly model: number } };
  readonly log: {
    readonly level: ConfigDocument["log"]["level"];
    readonly format: ConfigDocument["log"]["format"];
  };
  readonly server: { readonly reflection: boolean };
  readonly drain: { readonly graceMs: number };
};

/** What matches none of the routes of the file. */
const EVERYTHING = {
  match: { path: "/*" },
  maxBody: "4Mi",
  answers: "judged",
} as const;

export type ConfigContext = {
  /** What relative paths are relative to. */
  readonly baseDir: string;
  /** The policies that come with the package, for a document that names none. */
  readonly packagedBundle: string;
  readonly file?: string;
  /** The secrets that the document names, read. */
  readonly secretAt: SecretAt;
};

/** A checked document to a Config. */
export function configFrom(document: ConfigDocument, context: ConfigContext): Config {
  const path = (relative: string) => resolve(context.baseDir, relative);
  const optionalPath = (relative: string | undefined) =>
    relative === undefined ? undefined : path(relative);
  const { tls, bundles, extAuthz, identity, audit } = document;
  const adminToken = document.admin.token && context.secretAt(["admin", "token"]);
  return deepFreeze<Config>({
    file: context.file,
    listen: required(parseAddress(document.listen)),
    tls: tls && {
      certFile: path(tls.certFile),
      keyFile: path(tls.keyFile),
      clientCaFile: optionalPath(tls.clientCaFile),
      peers: tls.peers,
    },
    admin: { listen: required(parseTcpAddress(document.admin.listen)), token: adminToken },
    probes: { listen: required(parseTcpAddress(document.probes.listen)) },
    services: servicesFrom(document.services, context.baseDir, context.secretAt),
    bundles:
      bundles.length === 0
        ? [{ name: "main", path: context.packagedBundle }]
        : bundles.map((bundle, index) => bundleFrom(bundle, index, context.baseDir, context.secretAt)),
    persistenceDir: path(document.persistence.dir),
    rollout: rolloutFrom(document.rollout, context.baseDir),
    cache: cacheFrom(document.cache),
    labels: document.labels,
    status: statusFrom(document.status),
    decisionLogs: decisionLogsFrom(document.decisionLogs, context.baseDir),
    extAuthz: {
      entrypoint: extAuthz.entrypoint,
      dryRun: extAuthz.dryRun,
      skipRequestBodyParse: extAuthz.skipRequestBodyParse,
      protoDescriptorFile: optionalPath(extAuthz.protoDescriptor),
    },
    governance: document.governance,
    translation: document.translation,
    routes: [...document.routes, EVERYTHING].map(routeFrom),
    identity: { apiKeysFile: optionalPath(identity.apiKeys?.file), spiffe: identity.spiffe },
    registryFile: optionalPath(document.registry.file),
    audit: {
      dir: path(audit.dir),
      flushMs: required(parseDurationMs(audit.flush)),
      segmentBytesMax: required(parseSizeBytes(audit.segment)),
    },
    telemetry: document.telemetry,
    log: document.log,
    server: document.server,
    drain: { graceMs: required(parseDurationMs(document.drain.grace)) },
  });
}

function routeFrom(route: {
  readonly match: {
    readonly path: string;
    readonly host?: string | undefined;
    readonly method?: string | undefined;
  };
  readonly maxBody: string;
  readonly answers: Route["answers"];
}): Route {
  return {
    match: { path: route.match.path, host: route.match.host, method: route.match.method },
    failMode: "closed",
    maxBodyBytes: required(parseSizeBytes(route.maxBody)),
    answers: route.answers,
  };
}
