import type { z } from "zod";
import { parseDurationMs, parseSizeBytes } from "../../document/units.ts";
import { durationText, required, section, sizeText } from "./values.ts";

/** A cache beyond this is data, which belongs in a bundle. */
const BYTES_MAX = 1024 ** 3;
const DAY_MS = 86_400_000;

/** How much and how long is kept of the decisions whose policies say that they may be. */
export const cacheSection = section({
  maxBytes: sizeText(0, BYTES_MAX)
    .default("16Mi")
    .describe("Memory for decisions that policies let be kept; `0` keeps none"),
  maxAge: durationText(1, DAY_MS)
    .default("5m")
    .describe("Longest that one is kept, whatever its policy says"),
});

export type CacheConfig = { readonly maxBytes: number; readonly maxAgeMs: number };

export function cacheFrom({ maxBytes, maxAge }: z.output<typeof cacheSection>): CacheConfig {
  return { maxBytes: required(parseSizeBytes(maxBytes)), maxAgeMs: required(parseDurationMs(maxAge)) };
}
