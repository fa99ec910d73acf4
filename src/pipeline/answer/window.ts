/**
 * What is held back of an answer so that it can be judged before it leaves.
 *
 *   left already │ ripe: as many bytes behind it as the window has │ the window
 *   ─────────────┼─────────────────────────────────────────────────┼──────────────► events, in order
 *        context │        judged now, then it leaves               │ looked at, judged later
 *
 * Detectors look at all three parts at once, so a secret that is cut over events is seen before its beginning leaves,
 * and is cut off where its beginning has left all the same. A whole answer is one event with nothing behind it.
 */
import { RegentError } from "../../exchange/errors.ts";
import type { Finding } from "../../exchange/finding.ts";
import {
  type AnswerEdit,
  type AnswerPart,
  type AnswerText,
  type RunningName,
  uninspectable,
} from "../../formats/index.ts";
import { INSPECTION_TRUNCATED, inspect, maskText } from "../../inspection/index.ts";
import type { RedactAction } from "../redact.ts";
import { editedText, type Lane, RunningText, type TextEdit } from "./running-text.ts";

/**
 * Bytes of events that are held for one stream. The largest window of text is up to a megabyte of small chunks, and four
 * times that is for those who wrap each letter.
 */
export const HELD_BYTES_MAX = 4 * 1024 * 1024;

/** Events that are held for one stream: each takes some hundred bytes of memory besides its own. */
export const HELD_EVENTS_MAX = 16 * 1024;

/** Running texts of one stream: the choices, reasonings and tool calls of the longest runs of agents are some hundred. */
export const RUNNING_TEXTS_MAX = 1024;

/**
 * UTF-16 code units of a finding whose end has not come. A key of 16,384 bits has 12,000; what goes on longer has no end
 * that could be waited for.
 */
export const OPEN_FINDING_UNITS_MAX = 16 * 1024;

/**
 * The part of the window that comes anew between two looks at all of it. Looking at each event would cost a window of
 * detecting for every few bytes; so it is five times the text, whatever the events are.
 */
const LOOKS_PER_WINDOW = 4;

/** What is judged now. Nothing of it leaves before {@link Batch.release}. */
export type Batch = {
  /** What was not judged before. The pointers are those of the event in which a finding begins. */
  readonly findings: readonly Finding[];
  /**
   * The bytes, with findings taken out by the action for their type.
   *
   * @throws RegentError content_blocked, or answer_uninspectable where something cannot be taken out
   */
  release(actions: ReadonlyMap<string, RedactAction>): Buffer;
};

type Piece = { readonly pointer: string; readonly text: string } & (
  | { readonly running: RunningText; readonly start: number; readonly end: number }
  | { readonly running: undefined }
);

type RunningPiece = Extract<Piece, { running: RunningText }>;

type HeldEvent = {
  readonly part: AnswerPart;
  readonly pieces: readonly Piece[];
  /** How far its lanes were with it. */
  readonly marks: ReadonlyMap<Lane, number>;
};

/** A finding that was not judged before, and what text it is in. */
type Novel = { readonly finding: Finding; readonly at: Place };
type Place = { readonly running: RunningText } | { readonly event: HeldEvent; readonly pointer: string };

export class Window {
  readonly #windowBytes: number;
  readonly #heldBytesMax: number;
  #held: HeldEvent[] = [];
  #heldBytes = 0;
  readonly #lanes = new Map<string, Lane>();
  readonly #running = new Map<string, RunningText>();

  /** @param windowBytes of running text behind an event before it is ripe */
  constructor(windowBytes: number, heldBytesMax: number = HELD_BYTES_MAX) {
    this.#windowBytes = windowBytes;
    this.#heldBytesMax = heldBytesMax;
  }

  /** @throws RegentError answer_uninspectable when more would be held than may be */
  push(part: AnswerPart): void {
    this.#heldBytes += part.bytes.length;
    if (this.#heldBytes > this.#heldBytesMax || this.#held.length >= HELD_EVENTS_MAX)
      throw uninspectable("more of it would have to be held back than there is room for");
    const pieces = part.texts.map((text) => this.#pieceOf(text));
    for (const name of part.ended) {
      const lane = this.#laneOf(name);
      lane.endedAt = lane.bytes;
    }
    const lanes = pieces.flatMap(({ running }) => running?.lane ?? []);
    const marks = new Map(lanes.map((lane) => [lane, lane.bytes]));
    this.#held.push({ part, pieces, marks });
  }

  /**
   * Takes what may be judged now; undefined while that is nothing. Events in which nothing was found are given by
   * themselves, so that they have left when what is behind them is denied: take again until there is nothing.
   *
   * @param isLast nothing more comes: all of it is judged
   */
  take(isLast: boolean): Batch | undefined {
    const wanted = isLast ? this.#held.length : this.#ripeCount();
    if (wanted === 0) return undefined;
    const batch = this.#held.slice(0, wanted);
    const { texts, places } = textsOf(batch);
    const found = texts.length === 0 ? [] : inspect(texts);
    const sited = found.map((finding) => ({ finding, at: places[Number(finding.pointer)] as Place }));
    const count = isLast ? wanted : this.#settledCount(batch, sited);
    if (count === 0) return undefined;
    const judged = batch.slice(0, count);
    const ends = endsOf(judged);
    const novel = sited.filter((one) => isNovel(one, ends, judged));
    const clean = Math.min(...novel.map((one) => firstEventOf(one, judged)));
    return clean > 0 && clean < count ? this.#batch(judged.slice(0, clean), []) : this.#batch(judged, novel);
  }

  #batch(leaving: readonly HeldEvent[], novel: readonly Novel[]): Batch {
    const ends = endsOf(leaving);
    return {
      findings: novel.map((one) => publicFinding(one, leaving)),
      release: (actions) => this.#release(leaving, ends, novel, actions),
    };
  }

  #pieceOf({ pointer, text, continues }: AnswerText): Piece {
    if (continues === undefined) return { pointer, text, running: undefined };
    const running = this.#runningOf(continues);
    running.lane.bytes += Buffer.byteLength(text, "utf8");
    return { pointer, text, running, ...running.append(text) };
  }

  #laneOf(name: string): Lane {
    const lane = this.#lanes.get(name) ?? { bytes: 0, endedAt: 0 };
    this.#lanes.set(name, lane);
    if (this.#lanes.size > RUNNING_TEXTS_MAX) throw uninspectable("it says too many things at once");
    return lane;
  }

  #runningOf({ lane, name }: RunningName): RunningText {
    const key = JSON.stringify([lane, name]);
    const running = this.#running.get(key) ?? new RunningText(this.#laneOf(lane));
    this.#running.set(key, running);
    if (this.#running.size > RUNNING_TEXTS_MAX) throw uninspectable("it says too many things at once");
    return running;
  }

  /**
   * Events in front that have enough behind them, in portions: up to the last that need not wait for more, or all of
   * them once there is enough new text to be worth a look.
   */
  #ripeCount(): number {
    let count = 0;
    let final = 0;
    let bytes = 0;
    for (const event of this.#held) {
      if (![...event.marks].every(([lane, mark]) => this.#isRipe(lane, mark))) break;
      count++;
      if ([...event.marks].every(([lane, mark]) => lane.endedAt >= mark)) final = count;
      for (const { running, text } of event.pieces) if (running !== undefined) bytes += text.length;
    }
    return bytes * LOOKS_PER_WINDOW >= this.#windowBytes ? count : final;
  }

  #isRipe(lane: Lane, mark: number): boolean {
    return lane.bytes - mark >= this.#windowBytes || lane.endedAt >= mark;
  }

  /** How many of the events may leave: none that has a part of a finding whose end may not have come yet. */
  #settledCount(batch: readonly HeldEvent[], found: readonly Novel[]): number {
    let count = batch.length;
    const margin = Math.ceil(this.#windowBytes / LOOKS_PER_WINDOW);
    for (const { finding, at } of found) {
      if (!("running" in at) || at.running.isEnded) continue;
      const { start, end } = at.running.rangeOf(finding);
      if (end + margin <= at.running.end) continue;
      if (end - start > OPEN_FINDING_UNITS_MAX) throw uninspectable("something in it has no end");
      const first = batch.findIndex(({ pieces }) =>
        pieces.some((piece) => piece.running === at.running && piece.end > start),
      );
      if (first >= 0) count = Math.min(count, first);
    }
    return count;
  }

  #release(
    leaving: readonly HeldEvent[],
    ends: ReadonlyMap<RunningText, number>,
    novel: readonly Novel[],
    actions: ReadonlyMap<string, RedactAction>,
  ): Buffer {
    const ownEdits = new Map<HeldEvent, Map<string, TextEdit[]>>();
    for (const one of novel) settle(one, actions, ownEdits);
    const given = leaving.map((event) => renderEvent(event, ownEdits.get(event)));
    for (const [running, end] of ends) running.release(end, this.#windowBytes);
    this.#held = this.#held.slice(leaving.length);
    for (const { part } of leaving) this.#heldBytes -= part.bytes.length;
    return given.length === 1 ? (given[0] as Buffer) : Buffer.concat(given);
  }
}

/** The texts to look through: each running text once, with all that is known of it. */
function textsOf(events: readonly HeldEvent[]): {
  texts: { pointer: string; text: string; role: string }[];
  places: Place[];
} {
  const places: Place[] = [];
  const texts: { pointer: string; text: string; role: string }[] = [];
  const add = (text: string, place: Place) => {
    texts.push({ pointer: String(places.length), text, role: "assistant" });
    places.push(place);
  };
  const running = new Set<RunningText>();
  for (const event of events) {
    for (const piece of event.pieces) {
      if (piece.running === undefined) add(piece.text, { event, pointer: piece.pointer });
      else running.add(piece.running);
    }
  }
  for (const text of running) add(text.text, { running: text });
  return { texts, places };
}

/** Up to where each running text leaves with these events. */
function endsOf(events: readonly HeldEvent[]): Map<RunningText, number> {
  const ends = new Map<RunningText, number>();
  for (const piece of events.flatMap(({ pieces }) => pieces))
    if (piece.running !== undefined) ends.set(piece.running, piece.end);
  return ends;
}

function isNovel(
  { finding, at }: Novel,
  ends: ReadonlyMap<RunningText, number>,
  leaving: readonly HeldEvent[],
): boolean {
  // There may be more than was looked for, wherever that is.
  if (finding.type === INSPECTION_TRUNCATED) return true;
  if (!("running" in at)) return leaving.includes(at.event);
  const range = at.running.rangeOf(finding);
  return range.start < (ends.get(at.running) ?? 0) && !at.running.isSettled(range);
}

/** Where a finding begins; 0 for one that began before, or may be anywhere. */
function firstEventOf({ finding, at }: Novel, events: readonly HeldEvent[]): number {
  if (finding.type === INSPECTION_TRUNCATED) return 0;
  if (!("running" in at)) return events.indexOf(at.event);
  const { start } = at.running.rangeOf(finding);
  return events.findIndex(({ pieces }) =>
    pieces.some((piece) => piece.running === at.running && piece.end > start),
  );
}

/** A finding as policy and the record see it. */
function publicFinding({ finding, at }: Novel, leaving: readonly HeldEvent[]): Finding {
  if (!("running" in at)) return { ...finding, pointer: at.pointer };
  const { start, end } = at.running.rangeOf(finding);
  const piece = leaving
    .flatMap(({ pieces }) => pieces)
    .find((one): one is RunningPiece => one.running === at.running && one.end > start);
  if (piece === undefined) return { ...finding, pointer: "" };
  const from = Math.max(0, start - piece.start);
  return { ...finding, pointer: piece.pointer, start: from, end: from + (end - start) };
}

/** Notes a finding as judged, and what is to stand in its place. */
function settle(
  { finding, at }: Novel,
  actions: ReadonlyMap<string, RedactAction>,
  ownEdits: Map<HeldEvent, Map<string, TextEdit[]>>,
): void {
  if (finding.type === INSPECTION_TRUNCATED) {
    if (actions.size > 0) throw blocked("The answer holds more personal data than can be taken out of it.");
    return;
  }
  const action = actions.get(finding.type);
  if (action === "block")
    throw blocked(`The answer contains ${finding.type}, which policy does not let through.`);
  if ("running" in at) {
    const range = at.running.rangeOf(finding);
    at.running.settle(range);
    if (action !== undefined)
      at.running.replace(range, replacement(finding, at.running.valueOf(range), action));
    return;
  }
  if (action === undefined) return;
  const { start, end } = finding;
  const text = at.event.part.texts.find(
    ({ pointer, continues }) => pointer === at.pointer && !continues,
  )?.text;
  const edit = { start, end, text: replacement(finding, (text ?? "").slice(start, end), action) };
  const byPointer = ownEdits.get(at.event) ?? new Map<string, TextEdit[]>();
  ownEdits.set(at.event, byPointer.set(at.pointer, [...(byPointer.get(at.pointer) ?? []), edit]));
}

/** What stands in the place of a finding. */
function replacement(finding: Finding, value: string, action: "mask" | "hash"): string {
  return maskText(value, [{ ...finding, start: 0, end: value.length }], () => action);
}

function renderEvent(
  { part, pieces }: HeldEvent,
  ownEdits: ReadonlyMap<string, readonly TextEdit[]> | undefined,
): Buffer {
  const edits = pieces.flatMap((piece): AnswerEdit[] => {
    const value =
      piece.running === undefined
        ? editedText(piece.text, 0, ownEdits?.get(piece.pointer) ?? [])
        : piece.running.edited(piece);
    return value === piece.text ? [] : [{ pointer: piece.pointer, value }];
  });
  if (edits.length === 0) return part.bytes;
  const rewritten = part.rewrite(edits);
  if (rewritten === undefined) throw uninspectable("what it holds cannot be taken out of it");
  return rewritten;
}

function blocked(message: string): RegentError {
  return new RegentError("content_blocked", message);
}
