import { resolve } from "node:path";
import { z } from "zod";
import type { CrossCheck } from "../../document/document.ts";
import { parseDurationMs, parseSizeBytes } from "../../document/units.ts";
import { servicesSection } from "./services.ts";
import { durationText, required, section, sizeText } from "./values.ts";

/** Memory of a sidecar that one log may take. */
const BUFFER_BYTES_MAX = 1024 ** 3;
/** A gzip file with one small event in it, as in OPA. */
const UPLOAD_BYTES_MIN = 90;
/** A receiver unpacks an upload as a whole. */
const UPLOAD_BYTES_MAX = 64 * 1024 ** 2;
const EVENTS_MAX = 1_000_000;
const DAY_MS = 86_400_000;

const rule = z
  .string()
  .regex(/^\/?[A-Za-z_][\w-]*(\/[A-Za-z_][\w-]*)*$/, "must be a rule's path such as system/log/mask");

/** Where decisions are logged, in the words of OPA's `decision_logs`. */
export const decisionLogsSection = z
  .strictObject({
    service: z.string().min(1).optional().describe("The service that decisions are uploaded to"),
    resource: z
      .string()
      .regex(/^\/?[\w.~%-]+(?:\/[\w.~%-]+)*$/, "must be a path")
      .default("/logs")
      .describe("Path below its URL"),
    partition: z
      .string()
      .regex(/^[\w.~-]+(?:\/[\w.~-]+)*$/, "must be a path")
      .optional()
      .describe("Path below `/logs`, in place of `resource`"),
    console: z.boolean().default(false).describe("Write each decision to standard error as a line of JSON"),
    dir: z.string().min(1).optional().describe("Folder for decisions as lines of JSON, for `regent replay`"),
    fileSize: sizeText(64 * 1024, BUFFER_BYTES_MAX)
      .default("64Mi")
      .describe("Size at which a new file is begun in that folder"),
    files: z.number().int().min(1).max(10_000).default(16).describe("Files kept in that folder"),
    reporting: section({
      trigger: z
        .enum(["periodic", "immediate"])
        .default("periodic")
        .describe("Upload by time, or each chunk as soon as it is full and the rest by time"),
      minDelay: durationText(0, DAY_MS).default("300s").describe("Shortest wait between two uploads"),
      maxDelay: durationText(1, DAY_MS).default("600s").describe("Longest wait, also after failures"),
      uploadSizeLimit: sizeText(UPLOAD_BYTES_MIN, UPLOAD_BYTES_MAX)
        .default("32Ki")
        .describe("Largest upload, compressed; a decision that does not fit alone is dropped"),
      bufferType: z
        .enum(["size", "event"])
        .default("size")
        .describe("What bounds the decisions that wait: their bytes, or their number"),
      bufferSizeLimit: sizeText(1024, BUFFER_BYTES_MAX)
        .default("64Mi")
        .describe("Compressed bytes that may wait; the oldest go first"),
      bufferSizeLimitEvents: z
        .number()
        .int()
        .min(1)
        .max(EVENTS_MAX)
        .default(10_000)
        .describe("Decisions that may wait, with `bufferType: event`"),
      maxDecisionsPerSecond: z
        .number()
        .positive()
        .optional()
        .describe("More are dropped from the upload; no such limit when left out"),
    }),
    maskDecision: rule.default("system/log/mask").describe("Rule that says what of a decision is masked"),
    dropDecision: rule.default("system/log/drop").describe("Rule that says which decisions are not logged"),
    ndBuiltinCache: z
      .boolean()
      .optional()
      .describe("Log what a decision read that cannot be read again; on with `dir` when left out"),
    requestHeaders: z
      .array(z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/))
      .max(100)
      .default([])
      .describe("Headers of the request that go into `request_context`"),
  })
  .optional();

export type DecisionLogsDocument = z.output<typeof decisionLogsSection>;

export type DecisionLogsConfig = {
  readonly console: boolean;
  /** Undefined: decisions are not kept in files. */
  readonly folder:
    | { readonly dir: string; readonly fileBytes: number; readonly filesMax: number }
    | undefined;
  /** Undefined: decisions are not uploaded. */
  readonly upload:
    | {
        /** Name of a service. */
        readonly service: string;
        readonly resource: string;
        readonly trigger: "periodic" | "immediate";
        readonly minDelayMs: number;
        readonly maxDelayMs: number;
        readonly uploadBytesMax: number;
        readonly buffer:
          | { readonly type: "size"; readonly bytes: number }
          | { readonly type: "event"; readonly events: number };
        readonly decisionsPerSecondMax: number | undefined;
      }
    | undefined;
  readonly maskDecision: string;
  readonly dropDecision: string;
  readonly ndBuiltinCache: boolean;
  readonly requestHeaders: readonly string[];
};

export function decisionLogsFrom(
  logs: DecisionLogsDocument,
  baseDir: string,
): DecisionLogsConfig | undefined {
  if (logs === undefined) return undefined;
  const { dir, fileSize, files, service } = logs;
  return {
    console: logs.console,
    folder:
      dir === undefined
        ? undefined
        : { dir: resolve(baseDir, dir), fileBytes: required(parseSizeBytes(fileSize)), filesMax: files },
    upload: service === undefined ? undefined : uploadFrom(service, logs),
    maskDecision: logs.maskDecision.replace(/^\//, ""),
    dropDecision: logs.dropDecision.replace(/^\//, ""),
    ndBuiltinCache: logs.ndBuiltinCache ?? dir !== undefined,
    requestHeaders: logs.requestHeaders,
  };
}

function uploadFrom(
  service: string,
  { resource, partition, reporting }: NonNullable<DecisionLogsDocument>,
): DecisionLogsConfig["upload"] {
  return {
    service,
    resource: partition === undefined ? resource : `/logs/${partition}`,
    trigger: reporting.trigger,
    minDelayMs: required(parseDurationMs(reporting.minDelay)),
    maxDelayMs: required(parseDurationMs(reporting.maxDelay)),
    uploadBytesMax: required(parseSizeBytes(reporting.uploadSizeLimit)),
    buffer:
      reporting.bufferType === "size"
        ? { type: "size", bytes: required(parseSizeBytes(reporting.bufferSizeLimit)) }
        : { type: "event", events: reporting.bufferSizeLimitEvents },
    decisionsPerSecondMax: reporting.maxDecisionsPerSecond,
  };
}

const involved = z.object({ decisionLogs: decisionLogsSection, services: servicesSection });

export const decisionLogsCheck: CrossCheck = (raw, faultAt) => {
  const parsed = involved.safeParse(raw);
  if (!parsed.success || parsed.data.decisionLogs === undefined) return [];
  const { decisionLogs, services } = parsed.data;
  const { service, console, dir, reporting } = decisionLogs;
  const names = services.map(({ name }) => name);
  const faults = [];
  if (service !== undefined && !names.includes(service)) {
    const known = `there is no such service; there is ${names.join(", ") || "none"}`;
    faults.push(faultAt(["decisionLogs", "service"], "value", known));
  }
  if (service === undefined && !console && dir === undefined)
    faults.push(
      faultAt(["decisionLogs"], "value", "decisions go nowhere: name a service or a dir, or set console"),
    );
  if (required(parseDurationMs(reporting.minDelay)) > required(parseDurationMs(reporting.maxDelay)))
    faults.push(faultAt(["decisionLogs", "reporting", "minDelay"], "value", "is longer than maxDelay"));
  return faults;
};
