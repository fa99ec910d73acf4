/**
 * Event streams as the WHATWG HTML standard defines them (9.2.6, "Interpreting an event stream"): LF, CR LF and CR end a
 * line, a byte order mark may come first, comments begin with a colon, several data lines are one text, and an event
 * without its blank line is none.
 *
 * Lines are cut on bytes, so a chunk may end anywhere, inside a character or between CR and LF. A step also gives the
 * bytes it has dealt with, so that they can be passed on unchanged.
 */

/**
 * The largest event, with its blank line. Chunks of chat have some hundred bytes, a whole tool call or an image in base64
 * may have some hundred thousand; what is larger is held in memory for nothing.
 */
export const SSE_EVENT_BYTES_MAX = 1024 * 1024;

export type SseEvent = {
  /** The `event` field, empty when there was none. */
  readonly type: string;
  readonly data: string;
  /** The last `id` field of the stream so far, empty when there was none. */
  readonly id: string;
  /** Where the event lies in `raw` of the same step, comments in front of it left out. */
  readonly start: number;
  readonly end: number;
};

export type SseStep = {
  readonly events: readonly SseEvent[];
  /** All bytes up to the end of the last whole event or comment, in order. */
  readonly raw: Buffer;
  /** Whether an event is larger than {@link SSE_EVENT_BYTES_MAX}. Nothing can be read after that. */
  readonly oversized: boolean;
};

/** Where a stream stands. {@link stepSse} uses it up. */
export type SseState = {
  /** Bytes not dealt with yet, from `start` to `end`; what lies behind `end` is spare. */
  bytes: Buffer;
  start: number;
  end: number;
  /** Where the line begins that is looked at next. */
  line: number;
  /** Up to where that line was searched for its end. */
  searched: number;
  /** Whether the last line ended in CR, so that an LF right after it belongs to it. */
  afterCr: boolean;
  /** Whether anything was read yet: only in front of the first line a byte order mark counts. */
  begun: boolean;
  /** Begins and ends of the data lines of the event so far, counted from `start`. */
  data: number[];
  /** Whether the event has a field of any kind. */
  hasField: boolean;
  type: string;
  id: string;
  oversized: boolean;
};

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const COLON = 0x3a;
const NOTHING = Buffer.alloc(0);

export function initialSse(): SseState {
  return {
    bytes: NOTHING,
    start: 0,
    end: 0,
    line: 0,
    searched: 0,
    afterCr: false,
    begun: false,
    data: [],
    hasField: false,
    type: "",
    id: "",
    oversized: false,
  };
}

/** Reads one chunk. The bytes of the chunk are not copied unless an event goes over its end. */
export function stepSse(state: SseState, chunk: Buffer): SseStep {
  if (state.oversized) return { events: [], raw: NOTHING, oversized: true };
  append(state, chunk);
  const from = state.start;
  const events: SseEvent[] = [];
  skipLfAfterCr(state);
  // Neither is looked for again before it is passed, nor behind the bytes: a stream has one of the two and not the other.
  const bytes = state.bytes.subarray(0, state.end);
  let cr = bytes.indexOf(CR, state.searched);
  let lf = bytes.indexOf(LF, state.searched);
  while (!state.oversized) {
    if (cr >= 0 && cr < state.searched) cr = bytes.indexOf(CR, state.searched);
    if (lf >= 0 && lf < state.searched) lf = bytes.indexOf(LF, state.searched);
    const isCr = cr >= 0 && (lf < 0 || cr < lf);
    const lineEnd = isCr ? cr : lf;
    if (lineEnd < 0) break;
    const next = isCr && lf === cr + 1 ? lf + 1 : lineEnd + 1;
    // Not when its LF was there: the next one ends a line of its own.
    state.afterCr = isCr && next === lineEnd + 1 && next === state.end;
    readLine(state, lineEnd, next, from, events);
  }
  if (!state.oversized) {
    state.searched = state.end;
    state.oversized = state.end - state.start > SSE_EVENT_BYTES_MAX;
  }
  return { events, raw: state.bytes.subarray(from, state.start), oversized: state.oversized };
}

/** The bytes behind the last whole event or comment. */
export function restOfSse(state: SseState): Buffer {
  return state.bytes.subarray(state.start, state.end);
}

/**
 * Puts a chunk behind what is left. Bytes that were given out are never written over; room grows by doubling, so that
 * an event that comes byte by byte costs no more than one that comes whole.
 */
function append(state: SseState, chunk: Buffer): void {
  const left = state.end - state.start;
  if (left === 0) {
    Object.assign(state, { bytes: chunk, start: 0, end: chunk.length, line: 0, searched: 0 });
    return;
  }
  if (state.end + chunk.length > state.bytes.length) {
    const bytes = Buffer.allocUnsafe(Math.max(2 * left, left + chunk.length));
    state.bytes.copy(bytes, 0, state.start, state.end);
    state.line -= state.start;
    state.searched -= state.start;
    state.bytes = bytes;
    state.start = 0;
    state.end = left;
  }
  chunk.copy(state.bytes, state.end);
  state.end += chunk.length;
}

function skipLfAfterCr(state: SseState): void {
  if (!state.afterCr || state.searched === state.end) return;
  state.afterCr = false;
  if (state.bytes[state.searched] !== LF) return;
  if (state.start === state.line) state.start++;
  state.line++;
  state.searched++;
}

/** Takes the line from `state.line` to `lineEnd`. `from` is where `raw` of this step begins. */
function readLine(state: SseState, lineEnd: number, next: number, from: number, events: SseEvent[]): void {
  const { bytes } = state;
  let at = state.line;
  if (!state.begun) {
    state.begun = true;
    if (lineEnd >= at + 3 && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
  }
  state.line = next;
  state.searched = next;
  if (at === lineEnd) endEvent(state, lineEnd, next, from, events);
  else if (bytes[at] !== COLON) readField(state, at, lineEnd);
  else if (!state.hasField) state.start = next;
}

function endEvent(state: SseState, lineEnd: number, next: number, from: number, events: SseEvent[]): void {
  // Counted without the LF of a CR LF: whether it has come yet must not matter.
  if (lineEnd + 1 - state.start > SSE_EVENT_BYTES_MAX) {
    state.oversized = true;
    return;
  }
  if (state.data.length > 0) {
    const { type, id } = state;
    events.push({ type, data: dataOf(state), id, start: state.start - from, end: next - from });
    state.data.length = 0;
  }
  state.type = "";
  state.hasField = false;
  state.start = next;
}

function dataOf({ bytes, start, data }: SseState): string {
  let text = bytes.toString("utf8", start + (data[0] as number), start + (data[1] as number));
  for (let i = 2; i < data.length; i += 2) {
    text += `\n${bytes.toString("utf8", start + (data[i] as number), start + (data[i + 1] as number))}`;
  }
  return text;
}

function readField(state: SseState, at: number, lineEnd: number): void {
  const { bytes } = state;
  state.hasField = true;
  let nameEnd = at;
  while (nameEnd < lineEnd && bytes[nameEnd] !== COLON) nameEnd++;
  let value = Math.min(nameEnd + 1, lineEnd);
  if (value < lineEnd && bytes[value] === SPACE) value++;
  if (isName(bytes, at, nameEnd, "data")) state.data.push(value - state.start, lineEnd - state.start);
  else if (isName(bytes, at, nameEnd, "event")) state.type = bytes.toString("utf8", value, lineEnd);
  else if (isName(bytes, at, nameEnd, "id") && !bytes.subarray(value, lineEnd).includes(0)) {
    state.id = bytes.toString("utf8", value, lineEnd);
  }
}

function isName(bytes: Buffer, start: number, end: number, name: string): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name.charCodeAt(i)) return false;
  return true;
}

/**
 * The bytes of one event, with other data in the place of its own; the lines of its data are as many as before, and no
 * other byte changes. Undefined where the bytes are not those of one event with as many lines of data.
 *
 * @param event from the start to the end of an {@link SseEvent}, or with comments in front of it
 * @param data where the old data had a line feed, the new data has one as well
 */
export function replaceSseData(event: Buffer, data: string): Buffer | undefined {
  const lines = data.split("\n");
  const places = dataPlaces(event);
  if (places.length !== lines.length) return undefined;
  const pieces: Buffer[] = [];
  let from = 0;
  for (const [index, { start, end, hasColon }] of places.entries()) {
    const line = lines[index] ?? "";
    if (!hasColon && line !== "") return undefined;
    pieces.push(event.subarray(from, start), Buffer.from(line));
    from = end;
  }
  return Buffer.concat([...pieces, event.subarray(from)]);
}

/** Where the values of data fields stand in an event. */
function dataPlaces(bytes: Buffer): { start: number; end: number; hasColon: boolean }[] {
  const places: ReturnType<typeof dataPlaces> = [];
  let at = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  while (at < bytes.length) {
    let end = at;
    while (end < bytes.length && bytes[end] !== LF && bytes[end] !== CR) end++;
    let colon = at;
    while (colon < end && bytes[colon] !== COLON) colon++;
    if (isName(bytes, at, colon, "data")) {
      const value = Math.min(colon + 1, end);
      const start = value < end && bytes[value] === SPACE ? value + 1 : value;
      places.push({ start, end, hasColon: colon < end });
    }
    at = end + 1;
  }
  return places;
}
