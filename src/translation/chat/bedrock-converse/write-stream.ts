import { RegentError } from "../../../exchange/errors.ts";
import { mergeUsage } from "../../../formats/loose.ts";
import { AWS_MESSAGE_BYTES_MAX, type AwsHeader, encodeAwsMessage } from "../../../wire/aws-event-stream.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { StreamEvent, StreamPart, WholeUsage } from "../conversation.ts";
import type { ChatStreamWriter } from "../dialect.ts";
import { changed, dropped } from "../members.ts";
import { failureMessage } from "./failure.ts";
import { stopReason } from "./finish.ts";
import { sealed } from "./sealed.ts";
import { writeUsage } from "./usage.ts";

/** The messages of an answer. Blocks have numbers, so they need not come one after another; the end waits for the usage. */
export function writeStream(_facts: AnswerFacts, warn: Warn): ChatStreamWriter {
  return new ConverseWriter(warn);
}

type Block = { readonly index: number; readonly kind: StreamPart["kind"] };

class ConverseWriter implements ChatStreamWriter {
  readonly #warn: Warn;
  /** The open ones, by the number of their part. */
  readonly #blocks = new Map<number, Block>();
  #count = 0;
  #isStarted = false;
  #hasCalls = false;
  #usage: WholeUsage | undefined;
  #finish: Extract<StreamEvent, { event: "finish" }> | undefined;

  constructor(warn: Warn) {
    this.#warn = warn;
  }

  /** @throws RegentError upstream_invalid when an event is too large for a message */
  write(event: StreamEvent): Buffer {
    if ("choice" in event && event.choice !== 0) {
      dropped(this.#warn, "/choices", "Bedrock answers once");
      return NOTHING;
    }
    switch (event.event) {
      case "start":
        return this.#start();
      case "part_start":
        return Buffer.concat([this.#start(), this.#begin(event.part, event.begins)]);
      case "delta":
        return this.#say(event.part, event.text);
      case "signature":
        return this.#sign(event.part, event.signature);
      case "part_end":
        return this.#endBlock(event.part);
      case "finish":
        this.#finish ??= event;
        return NOTHING;
      case "usage":
        this.#usage = mergeUsage(this.#usage, event.usage);
        return NOTHING;
      case "failure":
        return failureMessage(event.failure);
      case "end":
        return Buffer.concat([this.#start(), this.#end()]);
    }
  }

  #start(): Buffer {
    if (this.#isStarted) return NOTHING;
    this.#isStarted = true;
    return message("messageStart", { role: "assistant" });
  }

  #begin(part: number, begins: StreamPart): Buffer {
    if (isMedia(begins)) {
      dropped(this.#warn, "/content", `a stream of Bedrock's has no ${begins.kind}`);
      return NOTHING;
    }
    const index = this.#count++;
    this.#blocks.set(part, { index, kind: begins.kind });
    if (begins.kind === "tool_call")
      return Buffer.concat([this.#call(index, begins), this.#say(part, begins.arguments)]);
    if (begins.kind === "refusal") changed(this.#warn, "/refusal", "a refusal becomes text");
    const encrypted = begins.kind === "reasoning" ? begins.encrypted : undefined;
    const closed =
      encrypted === undefined
        ? NOTHING
        : delta(index, { reasoningContent: { redactedContent: sealed(encrypted) } });
    return Buffer.concat([closed, this.#say(part, begins.text)]);
  }

  #call(index: number, { id, name, signature }: Extract<StreamPart, { kind: "tool_call" }>): Buffer {
    this.#hasCalls = true;
    if (signature !== undefined) dropped(this.#warn, "/signature", "Bedrock's calls have no signature");
    return message("contentBlockStart", {
      contentBlockIndex: index,
      start: { toolUse: { toolUseId: id === "" ? `tooluse_${index}` : id, name } },
    });
  }

  #say(part: number, text: string): Buffer {
    const block = this.#blocks.get(part);
    if (block === undefined || text === "") return NOTHING;
    if (block.kind === "tool_call") return delta(block.index, { toolUse: { input: text } });
    return delta(block.index, block.kind === "reasoning" ? { reasoningContent: { text } } : { text });
  }

  #sign(part: number, signature: string): Buffer {
    const block = this.#blocks.get(part);
    if (block?.kind === "reasoning") return delta(block.index, { reasoningContent: { signature } });
    dropped(this.#warn, "/signature", "only thinking has a signature");
    return NOTHING;
  }

  #endBlock(part: number): Buffer {
    const block = this.#blocks.get(part);
    this.#blocks.delete(part);
    return block === undefined ? NOTHING : message("contentBlockStop", { contentBlockIndex: block.index });
  }

  #end(): Buffer {
    const { finish, stopSequence } = this.#finish ?? {};
    const told = { hasCalls: this.#hasCalls, hasStopSequence: stopSequence !== undefined };
    return Buffer.concat([
      ...[...this.#blocks.keys()].map((part) => this.#endBlock(part)),
      message("messageStop", {
        stopReason: stopReason(finish, told, this.#warn),
        ...(stopSequence === undefined
          ? {}
          : { additionalModelResponseFields: { stop_sequence: stopSequence } }),
      }),
      this.#usage === undefined ? NOTHING : message("metadata", { usage: writeUsage(this.#usage) }),
    ]);
  }
}

function isMedia(begins: StreamPart): begins is Extract<StreamPart, { source: unknown }> {
  return "source" in begins;
}

function delta(contentBlockIndex: number, piece: object): Buffer {
  return message("contentBlockDelta", { contentBlockIndex, delta: piece });
}

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
