import { z } from "zod";

/** Transitions that are kept to be looked at, the newest. */
export const HISTORY_MAX = 100;
/** Versions that were turned down and are not taken up again by themselves. Older ones are forgotten. */
export const REJECTED_MAX = 100;

const transition = z.strictObject({
  at: z.string(),
  event: z.enum([
    "first",
    "proposed",
    "step",
    "approved",
    "promoted",
    "withdrawn",
    "rejected",
    "rolled_back",
    "kept",
  ]),
  revision: z.string(),
  digest: z.string(),
  by: z.string(),
  reason: z.string().optional(),
});

/** One thing that happened to a version: `at` is RFC 3339, `by` is `regent` or who asked for it. */
export type Transition = z.infer<typeof transition>;

const rejection = z.strictObject({
  digest: z.string(),
  revision: z.string(),
  at: z.string(),
  reason: z.string(),
});
export type Rejection = z.infer<typeof rejection>;

/** What has to be known after a restart. */
export const rolloutState = z.strictObject({
  version: z.literal(1),
  /** Digest of the version that decides. */
  live: z.string().regex(/^[\w-]{1,128}$/),
  /** Where the candidate is, and in which plan: {@link digestOfSteps}. */
  candidate: z
    .strictObject({ digest: z.string(), step: z.number().int().min(0), plan: z.string() })
    .optional(),
  rejected: z.array(rejection).max(REJECTED_MAX),
  history: z.array(transition).max(HISTORY_MAX),
});
export type RolloutState = z.infer<typeof rolloutState>;
