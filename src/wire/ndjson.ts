import { appendTo, initialPending, type Pending, release, restOf } from "./pending.ts";

/**
 * Streams of JSON texts, one a line (https://github.com/ndjson/ndjson-spec, https://jsonlines.org). LF or CR LF ends a line,
 * blank lines say nothing, a byte order mark may come first, and a line without its end is none yet.
 */

/** The largest line, with its end. As much as one server-sent event. */
export const NDJSON_LINE_BYTES_MAX = 1024 * 1024;

export type NdjsonLine = {
  /** Without the line's end. Bytes that are not UTF-8 are replaced. */
  readonly text: string;
  /** Where the line lies in `raw` of the same step, its end included. */
  readonly start: number;
  readonly end: number;
};

export type NdjsonStep = {
  readonly lines: readonly NdjsonLine[];
  /** All bytes up to the end of the last whole line, in order. */
  readonly raw: Buffer;
  /** Whether a line is larger than {@link NDJSON_LINE_BYTES_MAX}. Nothing can be read after that. */
  readonly oversized: boolean;
};

/** Where a stream stands. {@link stepNdjson} uses it up. */
export type NdjsonState = {
  readonly pending: Pending;
  /** Bytes of the pending line that were searched for its end. */
  searched: number;
  /** Whether a line was read yet: only in front of the first one a byte order mark counts. */
  begun: boolean;
  oversized: boolean;
};

const LF = 0x0a;
const NOTHING = Buffer.alloc(0);

export function initialNdjson(): NdjsonState {
  return { pending: initialPending(), searched: 0, begun: false, oversized: false };
}

/** Reads one chunk. The bytes of the chunk are not copied unless a line goes over its end. */
export function stepNdjson(state: NdjsonState, chunk: Buffer): NdjsonStep {
  const { pending } = state;
  if (state.oversized) return { lines: [], raw: NOTHING, oversized: true };
  appendTo(pending, chunk);
  const from = pending.start;
  const lines: NdjsonLine[] = [];
  // What is spare behind them is not looked through.
  const bytes = pending.bytes.subarray(0, pending.end);
  while (!state.oversized) {
    const lf = bytes.indexOf(LF, pending.start + state.searched);
    if (lf < 0) break;
    state.oversized = lf + 1 - pending.start > NDJSON_LINE_BYTES_MAX;
    if (state.oversized) break;
    const text = lineText(state, lf);
    if (text.trim() !== "") lines.push({ text, start: pending.start - from, end: lf + 1 - from });
    pending.start = lf + 1;
    state.searched = 0;
  }
  state.searched = pending.end - pending.start;
  state.oversized ||= state.searched > NDJSON_LINE_BYTES_MAX;
  const raw = pending.bytes.subarray(from, pending.start);
  release(pending);
  return { lines, raw, oversized: state.oversized };
}

/** The bytes behind the last whole line. */
export function restOfNdjson({ pending }: NdjsonState): Buffer {
  return restOf(pending);
}

/** JSON takes a CR at the end of a line for white space, so it is left where it is. */
function lineText(state: NdjsonState, end: number): string {
  const text = state.pending.bytes.toString("utf8", state.pending.start, end);
  const isFirst = !state.begun;
  state.begun = true;
  return isFirst && text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

const BYTE_ORDER_MARK = "\uFEFF";
