import { RegentError } from "../../../exchange/errors.ts";
import type { JsonObject } from "../../../exchange/json.ts";
import { KEPT_BYTES_MAX } from "../../../formats/bounds.ts";
import type { FinishKind } from "../../../formats/finish.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { Failure, StreamPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
import {
  type EventsWriter,
  type Finish,
  type PartPlace,
  type Start,
  singleAnswerWriter,
} from "../event-writer.ts";
import { dropped } from "../members.ts";
import { errorObject } from "../openai-chat/failure.ts";
import { writeFinish } from "./finish.ts";
import { ItemIds } from "./items.ts";
import { responseObject } from "./response-object.ts";
import { type Emit, type StreamedItem, streamedItem } from "./streamed-items.ts";
import { writeUsage } from "./usage.ts";

/**
 * Writes the typed events of a response. The last of them repeats the whole answer, and so does the last of each part, so
 * all of it is kept until then, up to {@link KEPT_BYTES_MAX}.
 */
export function writeStream(facts: AnswerFacts, warn: Warn): ChatStreamWriter {
  const writer = new ResponseWriter(facts, warn);
  const { write } = singleAnswerWriter(writer, "a response has one answer", warn);
  return {
    write(event) {
      write(event);
      return Buffer.from(writer.give());
    },
  };
}

/** Several events come of one. They are in `give`. */
class ResponseWriter implements EventsWriter {
  readonly #facts: AnswerFacts;
  readonly #warn: Warn;
  readonly #ids: ItemIds;
  readonly #items: StreamedItem[] = [];
  /** Which item a part of the answer went into; undefined for what is left out. */
  readonly #places = new Map<number, StreamedItem | undefined>();
  #head: JsonObject | undefined;
  #finish: FinishKind | undefined;
  #bytes = 0;
  #sequence = 0;
  #text = "";

  constructor(facts: AnswerFacts, warn: Warn) {
    this.#facts = facts;
    this.#warn = warn;
    this.#ids = new ItemIds(facts);
  }

  /** The bytes of the events since the last call. */
  give(): string {
    const text = this.#text;
    this.#text = "";
    return text;
  }

  start(start: Start, usage: WholeUsage | undefined): undefined {
    this.#head = responseObject(start, this.#facts);
    const response = this.#response("in_progress", null, usage);
    this.#emit("response.created", { response });
    this.#emit("response.in_progress", { response });
  }

  begin({ part: number }: PartPlace, begins: StreamPart): undefined {
    this.#keep(JSON.stringify(begins));
    const last = this.#items.at(-1);
    if (last?.takes(begins) === true) {
      this.#places.set(number, last);
      last.begin(number, begins);
      return;
    }
    for (const item of this.#items) item.closeIfWhole();
    const item = streamedItem(begins, this.#items.length, this.#ids, this.#emit);
    this.#places.set(number, item);
    if (item === undefined) {
      dropped(this.#warn, `/${begins.kind}`, `a response does not answer with ${begins.kind}`);
      return;
    }
    if (begins.kind === "tool_call" && begins.signature !== undefined) this.#tellSignature();
    this.#items.push(item);
    item.begin(number, begins);
  }

  add({ part }: PartPlace, text: string): undefined {
    this.#keep(text);
    this.#places.get(part)?.add(part, text);
  }

  sign({ part }: PartPlace, signature: string): undefined {
    this.#keep(signature);
    if (this.#places.get(part)?.sign(signature) === false) this.#tellSignature();
  }

  #tellSignature(): void {
    dropped(this.#warn, "/signature", "a call has no signature in this dialect");
  }

  endPart({ part }: PartPlace): undefined {
    this.#places.get(part)?.end(part);
  }

  finish({ finish, stopSequence }: Finish): undefined {
    if (stopSequence !== undefined) dropped(this.#warn, "/stop_sequence", "a response does not name it");
    this.#finish = finish;
  }

  end(usage: WholeUsage | undefined): undefined {
    const isRefused = this.#items.some((item) => item.hasRefusal);
    const ending = writeFinish(this.#finish, isRefused, this.#warn);
    for (const item of this.#items) item.close(item === this.#items.at(-1) ? ending.status : "completed");
    const response = this.#response(ending.status, ending.incomplete_details, usage);
    this.#emit(`response.${ending.status}`, { response });
  }

  /** The event on which the official clients raise, and the one for which others wait. */
  fail(failure: Failure, usage: WholeUsage | undefined): undefined {
    if (this.#head === undefined) this.start({}, usage);
    const { error } = errorObject(failure) as { error: { message: string; code: string | null } };
    const { message, code } = error;
    this.#emit("error", { code, message, param: null, error });
    const response = this.#response("failed", null, usage, { code: code ?? "server_error", message });
    this.#emit("response.failed", { response });
  }

  #response(
    status: string,
    incomplete: JsonObject | null,
    usage: WholeUsage | undefined,
    error: JsonObject | null = null,
  ): JsonObject {
    return {
      ...this.#head,
      status,
      error,
      incomplete_details: incomplete,
      output: status === "in_progress" ? [] : this.#items.map((item) => item.whole()),
      usage: writeUsage(usage),
    };
  }

  #keep(text: string): void {
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > KEPT_BYTES_MAX) {
      throw new RegentError("upstream_invalid", `The answer has more than ${KEPT_BYTES_MAX} bytes.`);
    }
  }

  readonly #emit: Emit = (type, members) => {
    const event = { type, sequence_number: this.#sequence++, ...members };
    this.#text += `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`;
  };
}
