import { z } from "zod";
import type { CrossCheck } from "../../document/document.ts";
import { parseDurationMs } from "../../document/units.ts";
import { servicesSection } from "./services.ts";
import { durationText, required } from "./values.ts";

/** Labels of the process. OPA's `id` and `version` are Regent's to give. */
export const labelsSection = z
  .record(
    z.string().regex(/^(?!(?:id|version)$)[\w./-]{1,63}$/, "must be a name other than id and version"),
    z.string().max(1024),
  )
  .default({})
  .describe("Sent with decision logs and status, beside `id` and `version`");

/** Who is told which policies are active here. */
export const statusSection = z
  .strictObject({
    service: z.string().min(1).optional().describe("The service that is told, at its `status`"),
    partition: z
      .string()
      .regex(/^[\w.~-]+(?:\/[\w.~-]+)*$/, "must be a path")
      .optional()
      .describe("Path below `status`"),
    console: z.boolean().default(false).describe("Write it to the process log too"),
    prometheus: z.boolean().default(false).describe("Put the metrics of this process into it"),
    interval: durationText(1_000, 86_400_000)
      .default("5m")
      .describe("How often it is told when nothing changes"),
  })
  .optional();

export type StatusDocument = z.output<typeof statusSection>;

export type StatusConfig = {
  readonly service: string | undefined;
  readonly partition: string | undefined;
  readonly console: boolean;
  readonly prometheus: boolean;
  readonly intervalMs: number;
};

export function statusFrom(status: StatusDocument): StatusConfig | undefined {
  if (status === undefined) return undefined;
  const { service, partition, console, prometheus, interval } = status;
  return { service, partition, console, prometheus, intervalMs: required(parseDurationMs(interval)) };
}

const involved = z.object({ status: statusSection, services: servicesSection });

export const statusCheck: CrossCheck = (raw, faultAt) => {
  const parsed = involved.safeParse(raw);
  if (!parsed.success || parsed.data.status === undefined) return [];
  const { status, services } = parsed.data;
  const names = services.map(({ name }) => name);
  if (status.service !== undefined && !names.includes(status.service))
    return [
      faultAt(
        ["status", "service"],
        "value",
        `there is no such service; there is ${names.join(", ") || "none"}`,
      ),
    ];
  if (status.service === undefined && !status.console)
    return [faultAt(["status"], "value", "nobody is told: name a service, or set console")];
  return [];
};
