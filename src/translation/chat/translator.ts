import { RegentError } from "../../exchange/errors.ts";
import type { AnswerFacts, StreamTranslator, Translator, Warn } from "../translation.ts";
import type { Conversation, Reply } from "./conversation.ts";
import type { ChatDialect } from "./dialect.ts";

/** What one dialect reads another one writes. */
export function chatTranslator(from: ChatDialect, to: ChatDialect): Translator {
  return {
    from: from.name,
    to: to.name,
    request(bytes, facts, warn) {
      const conversation = from.readRequest(bytes, facts, warn);
      warnOfSettings(conversation, to, warn);
      const { modelOutputTokens } = facts;
      return to.writeRequest(
        modelOutputTokens === undefined ? conversation : { ...conversation, modelOutputTokens },
        warn,
      );
    },
    response(bytes, facts, warn) {
      const reply = from.readReply(bytes, facts, warn);
      if ("failure" in reply) return { ...to.writeFailure(reply.failure, facts), isFailure: true };
      assertFew(reply);
      return to.writeReply(reply, facts, warn);
    },
    stream: (facts, warn) => new ChatStream(from, to, facts, once(warn)),
  };
}

function warnOfSettings(
  { settings = [] }: Conversation,
  { name, settings: carried }: ChatDialect,
  warn: Warn,
) {
  for (const setting of settings) {
    if (carried?.has(setting.name) === true) continue;
    warn({ code: "dropped", member: setting.at, message: `${name} has no ${setting.name}` });
  }
}

/**
 * Parts of one answer, those of all choices together. A long turn of the provider's own tools has some hundred. The dialect
 * that counts most of them, OpenAI's responses, has an item, its id and its text for each, and its readers stop at 4096.
 */
export const PARTS_MAX = 1024;

/** @throws RegentError upstream_invalid */
function assertFew({ choices }: Reply): void {
  const parts = choices.reduce((sum, choice) => sum + choice.parts.length, 0);
  if (parts > PARTS_MAX) throw new RegentError("upstream_invalid", `The answer has ${TOO_MANY}.`);
}

const TOO_MANY = `more than ${PARTS_MAX} parts`;

/** Every event of a stream may lose the same: it is told once. */
function once(warn: Warn): Warn {
  const told = new Set<string>();
  return (warning) => {
    const key = `${warning.code} ${warning.member}`;
    if (told.has(key) || told.size === STREAM_WARNINGS_MAX) return;
    told.add(key);
    warn(warning);
  };
}

/** Kinds of loss told of one stream. Readers name members of a schema, so there are a dozen; an upstream must not make more. */
export const STREAM_WARNINGS_MAX = 64;

class ChatStream implements StreamTranslator {
  readonly #reader: ReturnType<ChatDialect["readStream"]>;
  readonly #writer: ReturnType<ChatDialect["writeStream"]>;
  #complete = false;
  #parts = 0;
  #fault: string | undefined;

  constructor(from: ChatDialect, to: ChatDialect, facts: AnswerFacts, warn: Warn) {
    this.#reader = from.readStream(facts, warn);
    this.#writer = to.writeStream(facts, warn);
  }

  push(chunk: Buffer): { readonly bytes: Buffer; readonly fault: string | undefined } {
    // What follows the end reaches nobody, so nothing that is wrong with it matters.
    if (this.#fault !== undefined || this.#complete) return { bytes: NOTHING, fault: this.#fault };
    const { events, fault } = this.#reader.push(chunk);
    const bytes = this.#write(events);
    if (!this.#complete) this.#fault ??= fault;
    return { bytes, fault: this.#fault };
  }

  end(): { readonly bytes: Buffer; readonly complete: boolean } {
    if (this.#fault !== undefined) return { bytes: NOTHING, complete: false };
    const bytes = this.#write(this.#reader.finish());
    return { bytes, complete: this.#complete && this.#fault === undefined };
  }

  /** Nothing follows an end or a failure, whatever the upstream sends after it. */
  #write(events: ReturnType<ReturnType<ChatDialect["readStream"]>["finish"]>): Buffer {
    const pieces: Buffer[] = [];
    for (const event of events) {
      if (this.#complete) break;
      if (event.event === "part_start" && ++this.#parts > PARTS_MAX) {
        this.#fault = `the answer has ${TOO_MANY}`;
        break;
      }
      try {
        pieces.push(this.#writer.write(event));
      } catch (error) {
        // What the writer cannot hold, as too many bytes of calls that come at once.
        if (!(error instanceof RegentError)) throw error;
        this.#fault = error.detail ?? error.message;
        break;
      }
      this.#complete = event.event === "end" || event.event === "failure";
    }
    return Buffer.concat(pieces);
  }
}

const NOTHING = Buffer.alloc(0);
