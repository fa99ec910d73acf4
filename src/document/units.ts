const MS_PER = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER = { "": 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 } as const;

/** A whole number and its unit: `200ms`, `5s`, `10m`, `1h`, `30d`. At most ten digits, so milliseconds stay exact. */
export const DURATION_PATTERN = /^([0-9]{1,10})(ms|s|m|h|d)$/;
/** A whole number of bytes, optionally in powers of 1024: `65536`, `64Ki`, `4Mi`, `1Gi`. */
export const SIZE_PATTERN = /^([0-9]{1,10})(Ki|Mi|Gi|)$/;

/** Milliseconds of a duration such as `200ms`; undefined when it is not one. */
export function parseDurationMs(text: string): number | undefined {
  const match = DURATION_PATTERN.exec(text);
  return match === null ? undefined : Number(match[1]) * MS_PER[match[2] as keyof typeof MS_PER];
}

/** Bytes of a size such as `4Mi`; undefined when it is not one. */
export function parseSizeBytes(text: string): number | undefined {
  const match = SIZE_PATTERN.exec(text);
  return match === null ? undefined : Number(match[1]) * BYTES_PER[match[2] as keyof typeof BYTES_PER];
}
