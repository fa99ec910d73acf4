import type { Record } from "../exchange/record.ts";
import { oneLineJson } from "./chain.ts";

/** What the log says about itself, in the same chain as the records. */
export type AuditEvent =
  /** A process began to write. */
  | { readonly kind: "opened"; readonly time: string; readonly pid: number }
  /** It ended in good order. Without it, the process was killed, or the end of the log was cut off. */
  | { readonly kind: "closed"; readonly time: string }
  /** The end of the newest segment was a record that had not been written to its end. The bytes are kept in `copy`. */
  | {
      readonly kind: "cut";
      readonly time: string;
      readonly file: string;
      readonly bytes: number;
      readonly sha256: string;
      readonly copy: string;
    }
  /** The newest segment was not as it had been written. `prev` of this line is the SHA-256 of that file as it was found. */
  | {
      readonly kind: "corrupt";
      readonly time: string;
      readonly file: string;
      readonly line: number;
      readonly what: string;
    }
  /** Somebody removed, replaced, shortened or wrote to the segment that was open. */
  | { readonly kind: "interfered"; readonly time: string; readonly file: string; readonly what: string }
  /** The log could not be written for a while. */
  | { readonly kind: "resumed"; readonly time: string; readonly reason: string; readonly failedAt: string }
  /** Records that could not be kept. */
  | { readonly kind: "lost"; readonly time: string; readonly records: number };

/**
 * Longest record on disk, bytes. Bodies of the `full` level make records long; a line is held in memory as a whole by
 * everything that reads the log.
 */
export const RECORD_BYTES_MAX = 8 * 1024 * 1024;

/** A line's own part: `"record":{…}`. A record that is too long is kept without its content, which it says. */
export function recordBody(record: Record, bytesMax: number = RECORD_BYTES_MAX): string {
  const body = `"record":${oneLineJson(record)}`;
  if (record.content === undefined || Buffer.byteLength(body) <= bytesMax) return body;
  const { content: _tooLong, ...rest } = record;
  return `"record":${oneLineJson({ ...rest, contentOmitted: true })}`;
}

export function eventBody(event: AuditEvent): string {
  return `"event":${oneLineJson(event)}`;
}
