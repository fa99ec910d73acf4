import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { CANDIDATES_MAX } from "../../../formats/gemini-generate/answer.ts";
import { argumentsRoom } from "../../../formats/gemini-generate/partial-arguments.ts";
import { type GeminiUsage, mergeUsage, readUsage } from "../../../formats/gemini-generate/usage.ts";
import { count, parse } from "../../../formats/loose.ts";
import type { SseEvent } from "../../../wire/sse.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { StreamEvent } from "../conversation.ts";
import type { ChatStreamReader } from "../dialect.ts";
import { type EventsReader, sseReader } from "../event-reader.ts";
import { tellUnread } from "../loose.ts";
import { readFailure } from "./failure.ts";
import { blockReason, CANDIDATE_MEMBERS, headOf, partsOf, REPLY_MEMBERS, reasonOf } from "./read-reply.ts";
import { StreamCandidate } from "./stream-candidate.ts";
import { wholeUsage } from "./usage.ts";

/** A stream of GenerateContentResponses, each with the next piece of the answer. */
export function readStream(facts: AnswerFacts, warn: Warn): ChatStreamReader {
  return sseReader(new PieceReader(facts, warn));
}

class PieceReader implements EventsReader {
  readonly #facts: AnswerFacts;
  readonly #warn: Warn;
  readonly #candidates = new Map<number, StreamCandidate>();
  readonly #room = argumentsRoom();
  #usage: GeminiUsage | undefined;
  #isStarted = false;
  #isBlocked = false;

  constructor(facts: AnswerFacts, warn: Warn) {
    this.#facts = facts;
    this.#warn = warn;
  }

  read({ data }: SseEvent): readonly StreamEvent[] | { readonly fault: string } {
    const piece = parse(data);
    if (!isJsonObject(piece)) return [];
    const failure = readFailure(piece, this.#facts.status);
    if (failure !== undefined) return [{ event: "failure", failure }];
    tellUnread(piece, REPLY_MEMBERS, "", this.#warn);
    const usage = readUsage(piece.usageMetadata);
    if (usage !== undefined) this.#usage = mergeUsage(this.#usage, usage);
    const events: StreamEvent[] = this.#isStarted ? [] : [{ event: "start", ...headOf(piece) }];
    this.#isStarted = true;
    const candidates = Array.isArray(piece.candidates) ? (piece.candidates as readonly JsonValue[]) : [];
    for (const [position, candidate] of candidates.entries()) {
      const fault = isJsonObject(candidate) ? this.#candidate(candidate, position, events) : undefined;
      if (fault !== undefined) return { fault };
    }
    this.#block(blockReason(piece), events);
    return events;
  }

  /** Google's streams have no end of their own: the answer is whole when each candidate has its reason to finish. */
  finish(): readonly StreamEvent[] {
    const candidates = [...this.#candidates.values()];
    const isFinished = candidates.length > 0 && candidates.every((candidate) => candidate.isFinished);
    if (!isFinished && !this.#isBlocked) return [];
    const usage = wholeUsage(this.#usage);
    return [...(usage === undefined ? [] : [{ event: "usage", usage } as const]), { event: "end" }];
  }

  #candidate(body: JsonObject, position: number, events: StreamEvent[]): string | undefined {
    const index = count(body.index) ?? position;
    let candidate = this.#candidates.get(index);
    if (candidate === undefined) {
      if (this.#candidates.size === CANDIDATES_MAX) return `more than ${CANDIDATES_MAX} candidates`;
      candidate = new StreamCandidate(index, this.#facts.id, this.#room, this.#warn);
      this.#candidates.set(index, candidate);
    }
    tellUnread(body, CANDIDATE_MEMBERS, "/candidates", this.#warn);
    for (const part of partsOf(body)) {
      const fault = candidate.add(part, events);
      if (fault !== undefined) return fault;
    }
    const reason = reasonOf(body);
    if (reason !== undefined) candidate.finish(reason, events);
    return undefined;
  }

  #block(reason: string | undefined, events: StreamEvent[]): void {
    if (reason === undefined || this.#isBlocked || this.#candidates.size > 0) return;
    this.#isBlocked = true;
    events.push(
      { event: "part_start", choice: 0, part: 0, begins: { kind: "text", text: "" } },
      { event: "part_end", choice: 0, part: 0 },
      { event: "finish", choice: 0, finish: "content_filter", rawFinish: reason },
    );
  }
}
