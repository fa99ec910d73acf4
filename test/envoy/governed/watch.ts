import assert from "node:assert/strict";
import type { Record } from "../../../src/exchange/record.ts";
import { type AnswerLike, assertRefused, type Code, headerOf } from "./ask.ts";
import { assertGoverned } from "./oracle.ts";
import { eventually } from "./records.ts";
import type { Governed } from "./stack.ts";

/** A refusal that was seen, to be looked up in the log. */
type Refusal = { readonly id: string; readonly code: Code };

/**
 * Watches what reaches the models of a stack while a file of tests runs: a refusal must reach none, and in the end
 * everything that did must have its allow, and every refusal its record.
 */
export class Watch {
  readonly #stack: Governed;
  readonly #refusals: Refusal[] = [];

  constructor(stack: Governed) {
    this.#stack = stack;
  }

  /** Runs what must not reach a model, and gives what it gives. */
  async unreached<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#stack.witnessed().length;
    const result = await work();
    assert.equal(this.#stack.witnessed().length, before, "something reached a model");
    return result;
  }

  /** Runs what must be refused with this code. */
  async refused<T extends AnswerLike>(code: Code, work: () => Promise<T>): Promise<T> {
    const answer = await this.unreached(work);
    assertRefused(answer, code);
    const id = headerOf(answer, "x-regent-decision-id");
    if (id !== undefined) this.#refusals.push({ id, code });
    return answer;
  }

  /** The last test of a file. `except`: decisions that let the request through and denied its answer. */
  async settle(except: ReadonlySet<string> = new Set()): Promise<void> {
    await assertGoverned(this.#stack, except);
    const records = await eventually("a record of every refusal", async () => {
      const byId = new Map((await this.#stack.records()).map((record) => [record.id, record]));
      return this.#refusals.every(({ id }) => byId.has(id)) ? byId : undefined;
    });
    for (const { id, code } of this.#refusals) {
      const record = records.get(id) as Record;
      // What Envoy refuses by itself is recorded without a verdict and a reason of Regent's.
      const local = record.end === "local_reply";
      assert.equal(record.verdict, local ? "none" : "deny", id);
      assert.ok(local || record.reasons.some((reason) => reason.code === code), id);
    }
  }
}
