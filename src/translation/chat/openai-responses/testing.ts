import type { AnswerFacts, TranslationWarning } from "../../translation.ts";
import type { StreamEvent } from "../conversation.ts";
import { openaiResponses } from "./index.ts";

/** For the tests of this folder. */

export const FACTS: AnswerFacts = {
  status: 200,
  headers: new Map(),
  model: "asked-model",
  includeUsage: true,
  nowS: 1_700_000_000,
  id: "x1",
};

/** Reads a stream, cut at some places. */
export function streamed(body: Buffer, cuts: readonly number[] = []) {
  const warnings: TranslationWarning[] = [];
  const reader = openaiResponses.readStream(FACTS, (warning) => warnings.push(warning));
  const events: StreamEvent[] = [];
  let fault: string | undefined;
  let from = 0;
  for (const cut of [...cuts, body.length]) {
    const step = reader.push(body.subarray(from, cut));
    events.push(...step.events);
    fault ??= step.fault;
    from = cut;
  }
  events.push(...reader.finish());
  return { events, warnings, fault };
}

export function writtenStream(events: readonly StreamEvent[], warnings: TranslationWarning[] = []): Buffer {
  const writer = openaiResponses.writeStream(FACTS, (warning) => warnings.push(warning));
  return Buffer.concat(events.map((event) => writer.write(event)));
}
