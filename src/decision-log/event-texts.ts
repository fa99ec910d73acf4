import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { INPUT_BYTES_MAX } from "./decision-log.ts";

/** One event with the largest input that is logged, and as much again beside it. It is held in memory as a whole. */
export const EVENT_BYTES_MAX = 2 * INPUT_BYTES_MAX;

/** The text of one event, or why there is none. */
export type EventText = {
  /** The line that it begins in, from 1. */
  readonly line: number;
  readonly bytes: Buffer;
  /** Whether something stands behind it: the last one may have been cut off. */
  readonly ended: boolean;
  /** It is longer than {@link EVENT_BYTES_MAX}: `bytes` is empty. */
  readonly tooLong?: true;
};

/**
 * The events of one file in their order: a line each, or the elements of JSON arrays, as an upload holds them; packed
 * with gzip or not. Never holds more of the file than one event.
 * @throws Error of the file system, or of gzip where the file is cut off or not what it says; what stands before is given first
 */
export async function* eventTexts(file: string): AsyncGenerator<EventText> {
  const splitter = new Splitter();
  for await (const chunk of bytesOf(file, await isGzip(file))) yield* splitter.split(chunk);
  yield* splitter.end();
}

async function isGzip(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

async function* bytesOf(file: string, packed: boolean): AsyncGenerator<Buffer> {
  const stream = createReadStream(file);
  if (!packed) {
    yield* stream as AsyncIterable<Buffer>;
    return;
  }
  const unpacked = createGunzip();
  stream.on("error", (error) => unpacked.destroy(error));
  try {
    yield* stream.pipe(unpacked) as AsyncIterable<Buffer>;
  } finally {
    stream.destroy();
    unpacked.destroy();
  }
}

const [LF, CR, BLANK, TAB] = [0x0a, 0x0d, 0x20, 0x09];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Finds where events begin and end. What begins with a bracket is an array, whose elements end at commas outside of
 * strings and of what is nested; what begins with anything else ends where its line does.
 */
class Splitter {
  #place: "between" | "line" | "array" = "between";
  #line = 1;
  /** Of the element that is being read: brackets and braces that are open, and where in a string it is. */
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Of the event that is being read. */
  #parts: Buffer[] = [];
  #bytes = 0;
  #tooLong = false;
  #begins = 1;

  *split(chunk: Buffer): Generator<EventText> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#isEmpty) at = this.#skip(chunk, at);
      if (at === chunk.length) return;
      if (this.#place === "between" && chunk[at] === BRACKET) {
        this.#place = "array";
        at += 1;
        continue;
      }
      if (this.#place === "between") this.#place = "line";
      const end = this.#place === "line" ? chunk.indexOf(LF, at) : this.#elementEnd(chunk, at);
      this.#keep(chunk.subarray(at, end === -1 ? chunk.length : end));
      if (end === -1) return;
      if (!this.#isEmpty) yield this.#take(true);
      if (this.#place === "line" || chunk[end] === BRACKET_END) this.#place = "between";
      at = this.#place === "between" && chunk[end] === LF ? end : end + 1;
    }
  }

  *end(): Generator<EventText> {
    if (!this.#isEmpty) yield this.#take(false);
  }

  get #isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Past what separates events, counting lines. */
  #skip(chunk: Buffer, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (byte === LF) this.#line += 1;
      else if (byte !== CR && byte !== BLANK && byte !== TAB) break;
    }
    this.#begins = this.#line;
    return at;
  }

  /** Where the element ends: at a comma, or at the end of the array; -1: behind this chunk. */
  #elementEnd(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
      } else if (byte === QUOTE) this.#inString = true;
      else if (byte === BRACE || byte === BRACKET) this.#depth += 1;
      else if (this.#depth > 0 && (byte === BRACE_END || byte === BRACKET_END)) this.#depth -= 1;
      else if (this.#depth === 0 && (byte === COMMA || byte === BRACKET_END)) return at;
    }
    return -1;
  }

  #keep(bytes: Buffer): void {
    for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) this.#line += 1;
    this.#bytes += bytes.length;
    if (this.#bytes <= EVENT_BYTES_MAX) this.#parts.push(bytes);
    else this.#tooLong = true;
  }

  #take(ended: boolean): EventText {
    const tooLong = this.#tooLong;
    const bytes = Buffer.concat(tooLong ? [] : this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#depth = 0;
    this.#inString = false;
    this.#escaped = false;
    this.#tooLong = false;
    return { line: this.#begins, bytes, ended, ...(tooLong && { tooLong }) };
  }
}
