/** What a detector saw. The matched text is never in it. */
export type Finding = {
  /** Presidio's entity names, and SECRET. */
  readonly type: string;
  /** 0 to 1. */
  readonly score: number;
  /** RFC 6901 pointer to the string in the body. */
  readonly pointer: string;
  /** UTF-16 code units in that string, end exclusive. */
  readonly start: number;
  readonly end: number;
};
