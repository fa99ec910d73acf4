/**
 * UTF-16 units of a text that a builtin makes out of its operands, at most. A width in a format, a replacement, an
 * indentation can make gigabytes out of a few bytes; a policy has 256 MiB of memory altogether.
 */
export const OUTPUT_LENGTH_MAX = 10_000_000;

/** @throws RangeError beyond {@link OUTPUT_LENGTH_MAX}. */
export function assertOutputLength(builtin: string, length: number): void {
  if (length > OUTPUT_LENGTH_MAX)
    throw new RangeError(`${builtin}: the text has more than ${OUTPUT_LENGTH_MAX} characters`);
}
