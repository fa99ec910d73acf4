import { resolve } from "node:path";
import { z } from "zod";
import type { CrossCheck } from "../../document/document.ts";
import type { Fault, FaultPath } from "../../document/fault.ts";
import type { SecretReference } from "../../document/secret.ts";
import { parseDurationMs, parseSizeBytes } from "../../document/units.ts";
import type { SecretAt } from "./secrets.ts";
import { servicesSection } from "./services.ts";
import { durationText, required, section, sizeText } from "./values.ts";
import {
  type VerificationConfig,
  verificationFaults,
  verificationFrom,
  verificationSchema,
  verificationSecrets,
} from "./verification.ts";

/** What the archive reader takes at most. */
const ARCHIVE_BYTES_MAX = 64 * 1024 ** 2;
const DAY_MS = 86_400_000;
/** Bundles that are active together. Teams and tenants have one each; more is a generated file gone wrong. */
const BUNDLES_MAX = 100;

/** Where a bundle comes from: exactly one of `path` and `service`. */
export const bundlesSection = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, "must be 1 to 63 lower-case letters, digits and dashes")
        .describe("How records and metrics call it"),
      path: z
        .string()
        .min(1)
        .optional()
        .describe(
          "File or folder of a bundle, or of Rego that OPA compiles; a new one is taken up. Either this or `service`",
        ),
      service: z.string().min(1).optional().describe("The service that it is downloaded from"),
      resource: z
        .string()
        .min(1)
        .optional()
        .describe("Below the URL of the service; `bundles/NAME` when left out"),
      persist: z
        .boolean()
        .default(false)
        .describe("Keep the last good one in `persistence.dir` for a start without the service"),
      trigger: z
        .enum(["periodic", "manual"])
        .default("periodic")
        .describe("`manual`: it is downloaded at the start, then only when a reload is asked for"),
      polling: section({
        minDelay: durationText(1_000, DAY_MS).default("60s").describe("Least time between two downloads"),
        maxDelay: durationText(1_000, DAY_MS)
          .default("120s")
          .describe("Most time between two downloads, also after failures"),
        longPollingTimeout: durationText(1_000, 3_600_000)
          .optional()
          .describe("How long a service that speaks long polling may hold a request until there is news"),
      }),
      sizeLimit: sizeText(1, ARCHIVE_BYTES_MAX)
        .default("64Mi")
        .describe("Largest archive that is downloaded"),
      verification: verificationSchema.describe(
        "Keys of its signature; with them an unsigned bundle is refused",
      ),
    }),
  )
  .max(BUNDLES_MAX)
  .default([])
  .describe("Policies and data, active together; the packaged ones when left out");

/** The keys of signatures that are read when the configuration is loaded, by their place. */
export function bundleSecrets(bundles: BundlesDocument): (readonly [FaultPath, SecretReference])[] {
  return bundles.flatMap(({ verification }, index) =>
    verificationSecrets(verification, ["bundles", index, "verification"]),
  );
}

/** Where the last good bundles are kept. */
export const persistenceSection = section({
  dir: z
    .string()
    .min(1)
    .default("var/bundles")
    .describe("Folder of the bundles that are kept over a restart"),
});

export type BundlesDocument = z.output<typeof bundlesSection>;

/** A bundle as the composition takes it. */
export type BundleConfig = FileBundleConfig | ServiceBundleConfig;

type CommonBundleConfig = { readonly name: string; readonly verification?: VerificationConfig };

export type FileBundleConfig = CommonBundleConfig & { readonly path: string };

export type ServiceBundleConfig = CommonBundleConfig & {
  readonly service: string;
  readonly resource: string;
  readonly persist: boolean;
  readonly trigger: "periodic" | "manual";
  readonly polling: {
    readonly minDelayMs: number;
    readonly maxDelayMs: number;
    readonly longPollingTimeoutMs?: number;
  };
  readonly sizeLimitBytes: number;
};

/** @param index of the bundle in the document */
export function bundleFrom(
  bundle: BundlesDocument[number],
  index: number,
  baseDir: string,
  secretAt: SecretAt,
): BundleConfig {
  const { path, service, resource, persist, trigger, polling, sizeLimit, verification } = bundle;
  const common = {
    name: bundle.name,
    ...(verification === undefined
      ? {}
      : { verification: verificationFrom(verification, ["bundles", index, "verification"], secretAt) }),
  };
  if (path !== undefined) return { ...common, path: resolve(baseDir, path) };
  const { longPollingTimeout } = polling;
  return {
    ...common,
    service: required(service),
    resource: resource ?? `bundles/${bundle.name}`,
    persist,
    trigger,
    polling: {
      minDelayMs: required(parseDurationMs(polling.minDelay)),
      maxDelayMs: required(parseDurationMs(polling.maxDelay)),
      ...(longPollingTimeout === undefined
        ? {}
        : { longPollingTimeoutMs: required(parseDurationMs(longPollingTimeout)) }),
    },
    sizeLimitBytes: required(parseSizeBytes(sizeLimit)),
  };
}

const involved = z.object({ bundles: bundlesSection, services: servicesSection });
const OF_A_SERVICE = ["resource", "persist", "trigger", "polling", "sizeLimit"] as const;

/** One place each, a service that exists, keys that mean something, and delays in their order. */
export const bundlesCheck: CrossCheck = (raw, faultAt) => {
  const parsed = involved.safeParse(raw);
  if (!parsed.success) return [];
  const { bundles, services } = parsed.data;
  const names = services.map(({ name }) => name);
  const bundleNames = bundles.map(({ name }) => name);
  return bundles.flatMap(({ name, path, service, polling, verification }, index): Fault[] => {
    const at = ["bundles", index];
    const faults: Fault[] = verificationFaults(verification, [...at, "verification"], faultAt);
    if (bundleNames.indexOf(name) !== index)
      faults.push(faultAt([...at, "name"], "duplicate", `another bundle is called ${name}`));
    if ((path === undefined) === (service === undefined))
      faults.push(faultAt(at, "value", "a bundle comes from exactly one place: path or service"));
    if (service !== undefined && !names.includes(service))
      faults.push(
        faultAt(
          [...at, "service"],
          "value",
          `there is no such service; there is ${names.join(", ") || "none"}`,
        ),
      );
    if (required(parseDurationMs(polling.maxDelay)) < required(parseDurationMs(polling.minDelay)))
      faults.push(faultAt([...at, "polling", "maxDelay"], "value", "must not be shorter than minDelay"));
    const written = (raw as { bundles: readonly object[] }).bundles[index] ?? {};
    if (path !== undefined)
      for (const key of OF_A_SERVICE.filter((candidate) => Object.hasOwn(written, candidate)))
        faults.push(
          faultAt(
            [...at, key],
            "value",
            "means nothing for a bundle with path: it is of bundles with service",
          ),
        );
    return faults;
  });
};
