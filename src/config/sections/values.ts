import { z } from "zod";
import { DURATION_PATTERN, parseDurationMs, parseSizeBytes, SIZE_PATTERN } from "../../document/units.ts";

/** A duration as text, within bounds in milliseconds. */
export const durationText = (minMs: number, maxMs: number) =>
  z
    .string()
    .regex(DURATION_PATTERN, "must be a duration such as 200ms, 5s, 10m or 1h")
    .refine(
      (text) => between(parseDurationMs(text), minMs, maxMs),
      `must be between ${minMs}ms and ${maxMs}ms`,
    );

/** A size as text, within bounds in bytes. */
export const sizeText = (minBytes: number, maxBytes: number) =>
  z
    .string()
    .regex(SIZE_PATTERN, "must be a size such as 65536, 64Ki or 4Mi, as text")
    .refine(
      (text) => between(parseSizeBytes(text), minBytes, maxBytes),
      `must be between ${minBytes} and ${maxBytes} bytes`,
    );

function between(value: number | undefined, min: number, max: number): boolean {
  // Not a number at all is the pattern's fault to report.
  return value === undefined || (value >= min && value <= max);
}

/** Section of a map with a default for each member: the section may be left out. */
export function section<S extends z.ZodRawShape>(shape: S) {
  return z.strictObject(shape).prefault({} as z.input<z.ZodObject<S, z.core.$strict>>);
}

/** The schema has checked the text, so that it parses is an invariant. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("a value that the schema accepted does not parse");
  return value;
}
