import { RegentError } from "../../../exchange/errors.ts";
import { AWS_MESSAGE_BYTES_MAX, type AwsHeader, encodeAwsMessage } from "../../../wire/aws-event-stream.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { Failure, StreamPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
import { type EventsWriter, type Finish, type PartPlace, singleAnswerWriter } from "../event-writer.ts";
import { changed, dropped } from "../members.ts";
import { failureMessage } from "./failure.ts";
import { stopReason } from "./finish.ts";
import { sealed } from "./sealed.ts";
import { writeUsage } from "./usage.ts";

/** The messages of an answer. Blocks have numbers, so they need not come one after another; the end waits for the usage. */
export function writeStream(_facts: AnswerFacts, warn: Warn): ChatStreamWriter {
  return singleAnswerWriter(new ConverseWriter(warn), "Bedrock answers once", warn);
}

type Block = { readonly index: number; readonly kind: StreamPart["kind"] };

class ConverseWriter implements EventsWriter {
  readonly #warn: Warn;
  /** The open ones, by the number of their part. */
  readonly #blocks = new Map<number, Block>();
  #count = 0;
  #hasCalls = false;
  #finish: Finish | undefined;

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  start(): Buffer {
    return message("messageStart", { role: "assistant" });
  }

  begin(place: PartPlace, begins: StreamPart): Buffer | undefined {
    if (isMedia(begins)) {
      dropped(this.#warn, "/content", `a stream of Bedrock's has no ${begins.kind}`);
      return undefined;
    }
    const index = this.#count++;
    this.#blocks.set(place.part, { index, kind: begins.kind });
    if (begins.kind === "tool_call")
      return Buffer.concat([this.#call(index, begins), this.add(place, begins.arguments)]);
    if (begins.kind === "refusal") changed(this.#warn, "/refusal", "a refusal becomes text");
    const encrypted = begins.kind === "reasoning" ? begins.encrypted : undefined;
    const closed =
      encrypted === undefined
        ? NOTHING
        : delta(index, { reasoningContent: { redactedContent: sealed(encrypted) } });
    return Buffer.concat([closed, this.add(place, begins.text)]);
  }

  #call(index: number, { id, name, signature }: Extract<StreamPart, { kind: "tool_call" }>): Buffer {
    this.#hasCalls = true;
    if (signature !== undefined) dropped(this.#warn, "/signature", "Bedrock's calls have no signature");
    return message("contentBlockStart", {
      contentBlockIndex: index,
      start: { toolUse: { toolUseId: id === "" ? `tooluse_${index}` : id, name } },
    });
  }

  add({ part }: PartPlace, text: string): Buffer {
    const block = this.#blocks.get(part);
    if (block === undefined || text === "") return NOTHING;
    if (block.kind === "tool_call") return delta(block.index, { toolUse: { input: text } });
    return delta(block.index, block.kind === "reasoning" ? { reasoningContent: { text } } : { text });
  }

  sign({ part }: PartPlace, signature: string): Buffer | undefined {
    const block = this.#blocks.get(part);
    if (block?.kind === "reasoning") return delta(block.index, { reasoningContent: { signature } });
    dropped(this.#warn, "/signature", "only thinking has a signature");
    return undefined;
  }

  endPart({ part }: Pick<PartPlace, "part">): Buffer {
    const block = this.#blocks.get(part);
    this.#blocks.delete(part);
    return block === undefined ? NOTHING : message("contentBlockStop", { contentBlockIndex: block.index });
  }

  finish(finish: Finish): undefined {
    this.#finish ??= finish;
  }

  fail(failure: Failure): Buffer {
    return failureMessage(failure);
  }

  end(usage: WholeUsage | undefined): Buffer {
    const { finish, stopSequence } = this.#finish ?? {};
    const told = { hasCalls: this.#hasCalls, hasStopSequence: stopSequence !== undefined };
    return Buffer.concat([
      ...[...this.#blocks.keys()].map((part) => this.endPart({ part })),
      message("messageStop", {
        stopReason: stopReason(finish, told, this.#warn),
        ...(stopSequence === undefined
          ? {}
          : { additionalModelResponseFields: { stop_sequence: stopSequence } }),
      }),
      usage === undefined ? NOTHING : message("metadata", { usage: writeUsage(usage) }),
    ]);
  }
}

function isMedia(begins: StreamPart): begins is Extract<StreamPart, { source: unknown }> {
  return "source" in begins;
}

function delta(contentBlockIndex: number, piece: object): Buffer {
  return message("contentBlockDelta", { contentBlockIndex, delta: piece });
}

/** @throws RegentError upstream_invalid for what is too large for a message */
function message(type: string, payload: object): Buffer {
  const headers: readonly (readonly [string, AwsHeader])[] = [
    [":event-type", { type: "string", value: type }],
    [":content-type", { type: "string", value: "application/json" }],
    [":message-type", { type: "string", value: "event" }],
  ];
  const bytes = Buffer.from(JSON.stringify(payload));
  if (bytes.length > PAYLOAD_BYTES_MAX)
    throw new RegentError("upstream_invalid", `more than ${PAYLOAD_BYTES_MAX} bytes in one event`);
  return encodeAwsMessage(new Map(headers), bytes);
}

/** The largest event, without its headers, which have some hundred bytes. */
export const PAYLOAD_BYTES_MAX = AWS_MESSAGE_BYTES_MAX - 1024;

const NOTHING = Buffer.alloc(0);
