import {
  type BrotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type ZstdDecompress,
} from "node:zlib";
import { DECODED_RATIO_FREE_BYTES, DECODED_RATIO_MAX, type Decoded } from "./decoded.ts";

/** Content codings that an answer may have (RFC 9110 8.4.1; `zstd`: RFC 8878), by the names in use. */
const DECODERS: ReadonlyMap<string, () => Decompressor> = new Map<string, () => Decompressor>([
  ["gzip", () => createGunzip()],
  ["x-gzip", () => createGunzip()],
  // The zlib format, as the RFC says. What some servers send by this name, bare deflate data, has no checksum.
  ["deflate", () => createInflate()],
  // Without flushing the decoder keeps back what it has.
  ["br", () => createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
  ["zstd", () => createZstdDecompress()],
]);

type Decompressor = Gunzip | Inflate | BrotliDecompress | ZstdDecompress;

/** Decodes a coded body piece by piece. It is to be closed when no more comes. */
export type ContentDecoder = {
  /** What a piece decodes to: all of it that can be told yet. After a fault there is nothing but faults. */
  push(piece: Buffer, end: boolean): Promise<Decoded>;
  close(): void;
};

/**
 * @param coding the one coding, in lower case
 * @param bytesMax the most decoded bytes of one piece
 * @param ratioMax the most decoded bytes for one coded byte, over the whole body
 * @returns undefined for a coding that is not read
 */
export function openDecoder(
  coding: string,
  bytesMax: number,
  ratioMax: number = DECODED_RATIO_MAX,
): ContentDecoder | undefined {
  const open = DECODERS.get(coding);
  return open === undefined ? undefined : new StreamDecoder(coding, open(), bytesMax, ratioMax);
}

/** Whether there is a decoder for a coding, in lower case. */
export function isDecoded(coding: string): boolean {
  return DECODERS.has(coding);
}

class StreamDecoder implements ContentDecoder {
  readonly #coding: string;
  readonly #stream: Decompressor;
  readonly #bytesMax: number;
  readonly #ratioMax: number;
  #fault: Decoded | undefined;
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #bytesIn = 0;
  #bytesOut = 0;
  #ended = false;
  /** Wakes who waits for the piece that is worked on. */
  #settle: (() => void) | undefined;

  constructor(coding: string, stream: Decompressor, bytesMax: number, ratioMax: number) {
    this.#coding = coding;
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    this.#ratioMax = ratioMax;
    stream.on("data", (bytes: Buffer) => this.#take(bytes));
    stream.on("error", () => this.#fail("unsupported", `a ${coding} body that is damaged or cut short`));
    stream.on("end", () => {
      this.#ended = true;
      this.#settle?.();
    });
  }

  async push(piece: Buffer, end: boolean): Promise<Decoded> {
    if (this.#fault !== undefined) return this.#fault;
    this.#bytesIn += piece.length;
    this.#pieces = [];
    this.#pieceBytes = 0;
    // A body of no bytes at all is empty in every coding: servers send it with an error or a redirect.
    if (this.#bytesIn > 0) await this.#decode(piece, end);
    if (end) this.close();
    return this.#fault ?? { ok: true, bytes: Buffer.concat(this.#pieces) };
  }

  close(): void {
    // Otherwise who waits for a last piece would do so for ever, and what there is of another would pass for all of it.
    if (this.#settle !== undefined) this.#fail("unsupported", `a ${this.#coding} body that is not read on`);
    this.#stream.destroy();
  }

  async #decode(piece: Buffer, end: boolean): Promise<void> {
    if (this.#ended && piece.length > 0) this.#fail("unsupported", this.#trailing());
    if (this.#ended || this.#fault !== undefined) return;
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
      if (end) this.#stream.end(piece);
      else this.#stream.write(piece, () => resolve());
    });
    this.#settle = undefined;
    if (this.#ended && this.#stream.bytesWritten < this.#bytesIn) this.#fail("unsupported", this.#trailing());
  }

  #trailing(): string {
    return `bytes behind the end of its ${this.#coding} body`;
  }

  #take(bytes: Buffer): void {
    if (this.#fault !== undefined) return;
    this.#pieceBytes += bytes.length;
    this.#bytesOut += bytes.length;
    const bytesOutMax = Math.max(DECODED_RATIO_FREE_BYTES, this.#bytesIn * this.#ratioMax);
    if (this.#pieceBytes > this.#bytesMax || this.#bytesOut > bytesOutMax) {
      const most = Math.min(this.#bytesMax, bytesOutMax);
      this.#fail("too_large", `a body of more than ${most} bytes when decoded`);
    } else this.#pieces.push(bytes);
  }

  #fail(fault: "unsupported" | "too_large", reason: string): void {
    this.#fault ??= { ok: false, fault, reason };
    this.#pieces = [];
    this.#stream.destroy();
    this.#settle?.();
  }
}
