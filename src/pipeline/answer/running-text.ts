import type { Finding } from "../../exchange/finding.ts";

/** Choices, or whatever else a model writes side by side: what is behind a text in its lane is behind the text. */
export type Lane = {
  /** UTF-8 bytes of all running texts so far. */
  bytes: number;
  /** Up to which of them the lane is known to go on no more. */
  endedAt: number;
};

/** A place in a running text, counted in UTF-16 code units from its beginning; end exclusive. */
type Range = { readonly start: number; readonly end: number };

/** Other text for a range. */
export type TextEdit = Range & { readonly text: string };

/** A text that an answer gives in pieces: what of it is held back, and some of what left before that. */
export class RunningText {
  readonly lane: Lane;
  /** Place of the first code unit of `text`. */
  #base = 0;
  #text = "";
  /** Up to where it has left. */
  #released = 0;
  #settled: Range[] = [];
  #edits: TextEdit[] = [];

  constructor(lane: Lane) {
    this.lane = lane;
  }

  get end(): number {
    return this.#base + this.#text.length;
  }

  /** What is kept of it. */
  get text(): string {
    return this.#text;
  }

  /** Whether nothing more comes, as far as the dialect has said. */
  get isEnded(): boolean {
    return this.lane.endedAt === this.lane.bytes;
  }

  append(piece: string): Range {
    const start = this.end;
    this.#text += piece;
    return { start, end: this.end };
  }

  /** The range that a finding in {@link text} has in the whole. */
  rangeOf({ start, end }: Finding): Range {
    return { start: this.#base + start, end: this.#base + end };
  }

  /** Whether a range was judged before, or left before it could be. */
  isSettled({ start, end }: Range): boolean {
    return (
      end <= this.#released || this.#settled.some((settled) => settled.start <= start && end <= settled.end)
    );
  }

  settle(range: Range): void {
    this.#settled.push(range);
  }

  valueOf({ start, end }: Range): string {
    return this.#text.slice(start - this.#base, end - this.#base);
  }

  /** Puts other text in the place of a range; of what has left already nothing can be changed. */
  replace({ start, end }: Range, text: string): void {
    this.#edits.push({ start: Math.max(start, this.#released), end, text });
    this.#edits.sort((a, b) => a.start - b.start || b.end - a.end);
  }

  /** What a piece of it says now. */
  edited(piece: Range): string {
    return editedText(this.valueOf(piece), piece.start, this.#edits);
  }

  /** Everything up to here has left; `context` code units of it are kept, so that the next look goes over its end. */
  release(to: number, context: number): void {
    this.#released = Math.max(this.#released, to);
    const base = Math.max(this.#base, this.#released - context);
    this.#text = this.#text.slice(base - this.#base);
    this.#base = base;
    const isKept = ({ end }: Range) => end > base;
    this.#settled = this.#settled.filter(isKept);
    this.#edits = this.#edits.filter(isKept);
  }
}

/**
 * A piece of a text with edits of the text carried out. What replaces a range stands where the range begins, and what
 * lies in two edits goes with the first.
 *
 * @param offset of the piece in the text
 * @param edits by their start
 */
export function editedText(piece: string, offset: number, edits: readonly TextEdit[]): string {
  const end = offset + piece.length;
  let edited = "";
  let done = offset;
  for (const edit of edits) {
    if (edit.end <= done || edit.start >= end) continue;
    edited += piece.slice(done - offset, Math.max(edit.start, done) - offset);
    if (edit.start >= done) edited += edit.text;
    done = Math.min(edit.end, end);
  }
  return edited + piece.slice(done - offset);
}
