import { resolve } from "node:path";
import { z } from "zod";
import type { CrossCheck } from "../../document/document.ts";
import type { Fault } from "../../document/fault.ts";
import { parseDurationMs, parseSizeBytes } from "../../document/units.ts";
import { servicesSection } from "./services.ts";
import { durationText, required, section, sizeText } from "./values.ts";

/** What the archive reader takes at most. */
const ARCHIVE_BYTES_MAX = 64 * 1024 ** 2;
const DAY_MS = 86_400_000;

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
        .describe("What `regent policy build` wrote; a new file there is taken up. Either this or `service`"),
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
    }),
  )
  .max(1, "more than one bundle is not implemented yet")
  .default([])
  .describe("Compiled policies; the packaged ones when left out");

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

export type FileBundleConfig = { readonly name: string; readonly path: string };

export type ServiceBundleConfig = {
  readonly name: string;
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

export function bundleFrom(bundle: BundlesDocument[number], baseDir: string): BundleConfig {
  const { name, path, service, resource, persist, trigger, polling, sizeLimit } = bundle;
  if (path !== undefined) return { name, path: resolve(baseDir, path) };
  const { longPollingTimeout } = polling;
  return {
    name,
    service: required(service),
    resource: resource ?? `bundles/${name}`,
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
  return bundles.flatMap(({ path, service, polling }, index): Fault[] => {
    const at = ["bundles", index];
    const faults: Fault[] = [];
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
      for (const key of OF_A_SERVICE.filter((name) => Object.hasOwn(written, name)))
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
