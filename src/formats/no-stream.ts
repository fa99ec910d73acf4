import { isJsonObject } from "../exchange/json.ts";
import type { SseEvent } from "../wire/sse.ts";
import { type EventFate, type EventReader, eventStream } from "./event-stream.ts";
import type { ReadAnswer } from "./format.ts";
import { parse } from "./loose.ts";
import { type PlainError, readPlainError } from "./plain-error.ts";
import { WORDLESS } from "./wordless.ts";

/**
 * For dialects whose servers never stream. An event that is no error is none of the dialect: it ends the stream with a
 * refusal, so that nothing reaches a client that was not read.
 */
export const noStream = eventStream(() => new ErrorReader());

class ErrorReader implements EventReader {
  readonly doneMarker = undefined;
  #error: PlainError | undefined;

  get complete(): boolean {
    return this.#error !== undefined;
  }

  read({ data }: SseEvent): EventFate {
    const value = parse(data);
    const error = isJsonObject(value) ? readPlainError(value) : undefined;
    if (error === undefined) return { fault: "the dialect has no streams" };
    this.#error ??= error;
    return "shown";
  }

  answer(): ReadAnswer {
    return { ...WORDLESS, error: this.#error?.error, errorCode: this.#error?.code ?? null };
  }
}
