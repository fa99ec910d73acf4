/** What a prompt can ask of the sample model in double brackets, for tests. */
export type Directives = {
  readonly fault: Fault | undefined;
  /** Milliseconds before the first byte: `[[delay:500]]`. */
  readonly delayMs: number;
  /** Milliseconds between the pieces of a stream: `[[pace:20]]`. */
  readonly paceMs: number | undefined;
  /** Tokens to say instead of the echo: `[[say:200]]`. */
  readonly say: number | undefined;
};

/** The faults, asked for as `[[fault:NAME]]` in the last user message or as the header `x-sim-fault: NAME`. */
export const FAULTS = [
  /** Cuts the connection in the middle of the answer. */
  "close-mid-stream",
  /** Ends the stream without finish reason and `[DONE]`. */
  "end-mid-stream",
  /** Sends an error event in the middle of the stream and ends it. */
  "error-event",
  /** Cuts the connection before any answer. */
  "reset",
  /** Never answers. */
  "hang",
  /** A page of HTML with status 200. */
  "non-json",
  /** OpenAI error objects. */
  "400",
  "429",
  "500",
  "503",
  /** Says nothing about usage. */
  "no-usage",
  /** Claims impossible token counts. */
  "bad-usage",
  /** Sets headers that are Regent's own in its answer. */
  "forged-headers",
  /** Compresses the answer though nobody accepted that. */
  "gzip",
] as const;
export type Fault = (typeof FAULTS)[number];

/** No wait that a prompt asks for is longer. */
const WAIT_MS_MAX = 60_000;

/** Reads the directives of a prompt. A fault named by the header wins. Names that are not known are ignored. */
export function parseDirectives(text: string, faultHeader: string | undefined): Directives {
  const named = faultHeader ?? /\[\[fault:([\w-]+)\]\]/.exec(text)?.[1];
  return {
    fault: FAULTS.find((fault) => fault === named),
    delayMs: wait(numberIn(text, "delay")) ?? 0,
    paceMs: wait(numberIn(text, "pace")),
    say: numberIn(text, "say"),
  };
}

function numberIn(text: string, name: string): number | undefined {
  const digits = new RegExp(`\\[\\[${name}:(\\d{1,6})\\]\\]`).exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function wait(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.min(ms, WAIT_MS_MAX);
}
