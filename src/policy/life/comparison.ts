import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { faultOf } from "../fault.ts";
import type { Policies } from "../policies.ts";
import { codesOf } from "./outcome.ts";
import { type Answered, compare, outcomeOfAnswer, type Tally, type Verdict } from "./tally.ts";

/** Questions that wait to be put to the other side as well. More of them are skipped, and counted. */
export const PENDING_MAX = 64;
/** Bytes of their inputs: a body that policy reads can be large. */
export const PENDING_BYTES_MAX = 16 * 1024 * 1024;
/** Differences that are kept to be looked at, the newest: enough to see what they have in common. */
export const DIFFERENCES_MAX = 200;
/** Characters of names that come from a request. */
const NAME_CHARS_MAX = 200;

/** A question that was answered differently. It holds no input and no text of a request. */
export type Difference = {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly verdict: Exclude<Verdict, "same">;
  readonly entrypoint: string;
  readonly decisionId?: string;
  readonly tenant?: string;
  readonly live: Side;
  readonly candidate: Side;
};

type Side = {
  readonly outcome: string;
  readonly codes: readonly string[];
  readonly error?: string;
};

type Question = { readonly entrypoint: string; readonly input: JsonValue | Buffer; readonly bytes: number };

/** Puts questions that one side has answered to the other, one after another, after the answer has gone out. */
export class Comparison {
  readonly tally: Tally;
  readonly #differences: Difference[];
  readonly #nowMs: () => number;
  readonly #onVerdict: (verdict: Verdict) => void;
  readonly #pending: (() => Promise<void>)[] = [];
  #pendingBytes = 0;
  #running = false;
  #closed = false;

  constructor(
    tally: Tally,
    differences: Difference[],
    nowMs: () => number,
    onVerdict: (verdict: Verdict) => void,
  ) {
    this.tally = tally;
    this.#differences = differences;
    this.#nowMs = nowMs;
    this.#onVerdict = onVerdict;
  }

  /** `answered` is what `by` said; `other` is asked the same. */
  put(question: Question, answered: Answered, by: "live" | "candidate", other: Policies): void {
    if (this.#closed) return;
    const fits =
      this.#pending.length < PENDING_MAX && this.#pendingBytes + question.bytes <= PENDING_BYTES_MAX;
    if (!fits) {
      this.tally.skipped += 1;
      return;
    }
    this.#pendingBytes += question.bytes;
    this.#pending.push(async () => {
      this.#pendingBytes -= question.bytes;
      const second = await answer(other, question.entrypoint, question.input);
      const [live, candidate] = by === "live" ? [answered, second] : [second, answered];
      this.#compared(question, live, candidate);
    });
    if (!this.#running) this.#run();
  }

  /** Nothing is compared any more. */
  close(): void {
    this.#closed = true;
    this.#pending.length = 0;
    this.#pendingBytes = 0;
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      // The answer goes out first.
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#pending.shift();
      if (next === undefined) break;
      await next();
    }
    this.#running = false;
  }

  #compared(question: Question, live: AnsweredWith, candidate: AnsweredWith): void {
    if (this.#closed) return;
    const verdict = compare(live, candidate);
    this.tally.add(verdict, live, candidate);
    this.#onVerdict(verdict);
    if (verdict === "same") return;
    this.#differences.push({
      at: new Date(this.#nowMs()).toISOString(),
      verdict,
      entrypoint: question.entrypoint,
      ...namesOf(question.input),
      live: sideOf(live),
      candidate: sideOf(candidate),
    });
    if (this.#differences.length > DIFFERENCES_MAX) this.#differences.shift();
  }
}

export type AnsweredWith = Answered & { readonly error?: string };

/** Asks, and takes a failure for an answer. */
async function answer(
  policies: Policies,
  entrypoint: string,
  input: JsonValue | Buffer,
): Promise<AnsweredWith> {
  const startedMs = performance.now();
  try {
    const { result, durationMs } = await policies.evaluate(entrypoint, input);
    return { result, failed: false, ms: durationMs };
  } catch (error) {
    return failure(error, performance.now() - startedMs);
  }
}

export function failure(error: unknown, ms: number): AnsweredWith {
  return { result: undefined, failed: true, ms, error: faultOf(error) };
}

function sideOf(answered: AnsweredWith): Side {
  return {
    outcome: outcomeOfAnswer(answered),
    codes: codesOf(answered.result),
    ...(answered.error === undefined ? {} : { error: answered.error }),
  };
}

/** Where an input says which request it is and whose. Policies read neither as a rule, and then they are not in it. */
function namesOf(input: JsonValue | Buffer): { decisionId?: string; tenant?: string } {
  const document = Buffer.isBuffer(input) ? parsed(input) : input;
  const { request, identity } = isJsonObject(document) ? document : {};
  const id = isJsonObject(request) ? request.id : undefined;
  const tenant = isJsonObject(identity) ? identity.tenant : undefined;
  return {
    ...(typeof id === "string" ? { decisionId: id.slice(0, NAME_CHARS_MAX) } : {}),
    ...(typeof tenant === "string" ? { tenant: tenant.slice(0, NAME_CHARS_MAX) } : {}),
  };
}

/** Undefined: it is no JSON, which policies say themselves. */
function parsed(input: Buffer): JsonValue | undefined {
  try {
    return JSON.parse(input.toString("utf8")) as JsonValue;
  } catch {
    return undefined;
  }
}
