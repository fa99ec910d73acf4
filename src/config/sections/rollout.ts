import { resolve } from "node:path";
import { z } from "zod";
import { parseDurationMs } from "../../document/units.ts";
import type { RolloutPlan, RolloutStep } from "../../policy/life/plan.ts";
import { durationText, required, section } from "./values.ts";

const WEEK_MS = 7 * 86_400_000;
/** Steps of a plan. More than a few are not looked at any more. */
const STEPS_MAX = 20;
/** Decisions that a step may ask for: a day of a busy gateway. */
const DECISIONS_MAX = 100_000_000;

const percent = z.number().min(0).max(100);
const decisions = z.number().int().min(0).max(DECISIONS_MAX);

const stepSchema = z
  .strictObject({
    shadow: durationText(0, WEEK_MS)
      .optional()
      .describe("How long a new version is only compared with what is live"),
    canary: percent.optional().describe("Percent of the subjects that a new version decides for; with `for`"),
    for: durationText(0, WEEK_MS).optional().describe("How long the canary lasts"),
    approval: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("Who has to approve, with `regent policy approve`, before it goes on"),
  })
  .refine(
    ({ shadow, canary, approval }) =>
      [shadow, canary, approval].filter((part) => part !== undefined).length === 1,
    "must have exactly one of shadow, canary and approval",
  )
  .refine(
    ({ canary, for: lasting }) => (canary === undefined) === (lasting === undefined),
    "canary and for go together",
  );

/** What a new version of the policies goes through before it decides everything. Left out, it decides at once. */
export const rolloutSection = z
  .strictObject({
    steps: z
      .array(stepSchema)
      .max(STEPS_MAX)
      .default([{ shadow: "10m" }, { canary: 5, for: "10m" }, { canary: 50, for: "10m" }]),
    gate: section({
      decisions: decisions.default(1000).describe("Decisions compared before a step may end"),
      deniedPercent: percent.default(1).describe("Most that it may deny of what is live and allowed"),
      allowedPercent: percent.default(1).describe("Most that it may allow of what is live and denied"),
      failedPercent: percent.default(0.1).describe("Most that it may fail where what is live does not"),
      latencyRatio: z
        .number()
        .min(1)
        .max(1000)
        .default(2)
        .describe("Most that it may take, times the 95th percentile of what is live"),
    }),
    rollback: section({
      for: durationText(0, WEEK_MS)
        .default("1h")
        .describe("How long the version before is kept, to go back to; `0s`: not at all"),
      decisions: decisions.default(200).describe("Decisions compared before shares say anything"),
      deniedPercent: percent.default(20).describe("Most that it may deny of what the version before allows"),
      failedPercent: percent.default(1).describe("Most that it may fail where the version before does not"),
    }),
    dir: z
      .string()
      .min(1)
      .default("var/rollout")
      .describe("Folder of its state and of the live version, for a restart; one for each process"),
  })
  .optional();

export type RolloutConfig = { readonly folder: string; readonly plan: RolloutPlan };

export function rolloutFrom(
  document: z.output<typeof rolloutSection>,
  baseDir: string,
): RolloutConfig | undefined {
  if (document === undefined) return undefined;
  const { steps, gate, rollback, dir } = document;
  return {
    folder: resolve(baseDir, dir),
    plan: {
      steps: steps.map(stepFrom),
      gate: {
        decisions: gate.decisions,
        denials: gate.deniedPercent / 100,
        allowances: gate.allowedPercent / 100,
        errors: gate.failedPercent / 100,
        latencyRatio: gate.latencyRatio,
      },
      rollback: {
        forMs: ms(rollback.for),
        decisions: rollback.decisions,
        denials: rollback.deniedPercent / 100,
        errors: rollback.failedPercent / 100,
      },
    },
  };
}

function stepFrom({ shadow, canary, for: lasting, approval }: z.output<typeof stepSchema>): RolloutStep {
  if (shadow !== undefined) return { kind: "shadow", forMs: ms(shadow) };
  if (approval !== undefined) return { kind: "approval", approval };
  return { kind: "canary", percent: required(canary), forMs: ms(required(lasting)) };
}

function ms(text: string): number {
  return required(parseDurationMs(text));
}
