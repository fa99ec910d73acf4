import { hash } from "node:crypto";

/** What the first line of the first segment has as `prev`. */
export const GENESIS = "0".repeat(64);

/** A place in the chain: the last line before it. Sequence numbers begin at 1, so 0 is before everything. */
export type ChainPosition = { readonly seq: number; readonly hash: string };

export const CHAIN_START: ChainPosition = { seq: 0, hash: GENESIS };

/** Characters that JSON leaves as they are and that a terminal or a line reader may act on: DEL, C1, U+2028, U+2029. */
const UNPRINTABLE = /[\u007f-\u009f\u2028\u2029]/g;

/** Between the bytes that the hash covers and the hash itself. */
const HASH_MARK = ',"hash":"';
const HASH_END = '"}';
/** Bytes of `,"hash":"` + 64 hex digits + `"}`. */
const SUFFIX_BYTES = HASH_MARK.length + 64 + HASH_END.length;
const HEAD = /^\{"seq":([1-9][0-9]{0,15}),"prev":"([0-9a-f]{64})","(?:record|event)":\{/;
/** Bytes of the longest head. */
const HEAD_BYTES_MAX = 120;

/** JSON on one line, with nothing in it that acts on a terminal. */
export function oneLineJson(value: unknown): string {
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * The next line of the chain: `{"seq":…,"prev":"…","record":{…},"hash":"…"}` and a line ending. `hash` is the SHA-256 of
 * every byte of the line before `,"hash":"`, and `prev` the hash of the line before. `body` is `"record":{…}` or `"event":{…}`.
 */
export function chainLine(after: ChainPosition, body: string): { line: string; position: ChainPosition } {
  const seq = after.seq + 1;
  const covered = `{"seq":${seq},"prev":"${after.hash}",${body}`;
  const digest = hash("sha256", covered);
  return { line: `${covered}${HASH_MARK}${digest}${HASH_END}\n`, position: { seq, hash: digest } };
}

/** What is wrong with a line, or where in the chain it says it stands. `bytes` is the line without its ending. */
export function readLine(
  bytes: Buffer,
):
  | { readonly ok: true; readonly position: ChainPosition; readonly prev: string }
  | { readonly ok: false; readonly what: string } {
  const head = HEAD.exec(bytes.toString("latin1", 0, HEAD_BYTES_MAX));
  const coveredBytes = bytes.length - SUFFIX_BYTES;
  const suffix = bytes.toString("latin1", Math.max(coveredBytes, 0));
  if (head === null || !suffix.startsWith(HASH_MARK) || !suffix.endsWith(HASH_END)) {
    return { ok: false, what: "is not a line of this log" };
  }
  const digest = hash("sha256", bytes.subarray(0, coveredBytes));
  if (suffix.slice(HASH_MARK.length, -HASH_END.length) !== digest) {
    return { ok: false, what: "was changed: its hash does not match its bytes" };
  }
  return { ok: true, position: { seq: Number(head[1]), hash: digest }, prev: head[2] ?? "" };
}

/** The sequence number that a line claims, whether or not the rest of it is good. */
export function claimedSeq(bytes: Buffer): number | undefined {
  const match = /^\{"seq":([1-9][0-9]{0,15}),/.exec(bytes.toString("latin1", 0, HEAD_BYTES_MAX));
  return match === null ? undefined : Number(match[1]);
}
