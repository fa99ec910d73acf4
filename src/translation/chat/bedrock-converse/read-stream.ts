import { isJsonObject, type JsonObject, type JsonValue } from "../../../exchange/json.ts";
import { CONVERSE_BLOCKS_MAX } from "../../../formats/bedrock-converse/answer.ts";
import { readException } from "../../../formats/bedrock-converse/error.ts";
import { finishKind } from "../../../formats/bedrock-converse/finish.ts";
import { textIn, typeOf } from "../../../formats/bedrock-converse/stream.ts";
import { keptWord } from "../../../formats/bounds.ts";
import { parse } from "../../../formats/loose.ts";
import { type AwsMessage, initialAwsStream, stepAwsStream } from "../../../wire/aws-event-stream.ts";
import type { AnswerFacts, Warn } from "../../translation.ts";
import type { StreamEvent, StreamPart } from "../conversation.ts";
import type { ChatStreamReader } from "../dialect.ts";
import { tellUnread, textOf } from "../loose.ts";
import { defined, dropped } from "../members.ts";
import { failureOf } from "./failure.ts";
import { tellFields } from "./read-reply.ts";
import { openSealed } from "./sealed.ts";
import { readWholeUsage } from "./usage.ts";

/** The messages of an answer (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html). */
export function readStream(facts: AnswerFacts, warn: Warn): ChatStreamReader {
  const state = initialAwsStream();
  const reader = new ConverseReader(facts, warn);
  let fault: string | undefined;
  return {
    push(chunk) {
      const events: StreamEvent[] = [];
      if (fault !== undefined) return { events, fault };
      const step = stepAwsStream(state, chunk);
      for (const message of step.messages) {
        const read = reader.read(message);
        if ("fault" in read) {
          fault = `the answer has ${read.fault}`;
          return { events, fault };
        }
        for (const said of read) events.push(said);
      }
      fault = step.fault;
      return { events, fault };
    },
    finish: () => (fault === undefined ? reader.finish() : []),
  };
}

type Kind = "text" | "reasoning" | "tool_call" | "ignored";
type Block = { readonly part: number; readonly kind: Kind; hasInput: boolean };

class ConverseReader {
  readonly #warn: Warn;
  readonly #status: number;
  readonly #blocks = new Map<number, Block>();
  #parts = 0;
  #isStarted = false;
  #isFinished = false;

  constructor({ status }: AnswerFacts, warn: Warn) {
    this.#status = status;
    this.#warn = warn;
  }

  read(message: AwsMessage): readonly StreamEvent[] | { readonly fault: string } {
    const payload = parse(message.payload.toString("utf8"));
    const type = typeOf(message);
    if (type === "exception") return this.#fail(textIn(message, ":exception-type"), payload);
    if (type === "error")
      return this.#fail(textIn(message, ":error-code"), { message: textIn(message, ":error-message") });
    if (type !== "event") return { fault: "a message of a type that is not known" };
    if (this.#parts > CONVERSE_BLOCKS_MAX)
      return { fault: `more than ${CONVERSE_BLOCKS_MAX} content blocks` };
    return isJsonObject(payload) ? this.#take(textIn(message, ":event-type"), payload) : [];
  }

  /** With its reason to stop an answer is whole: only what it used may be missing. */
  finish(): readonly StreamEvent[] {
    return this.#isFinished ? [...this.#endAll(), { event: "end" }] : [];
  }

  #take(type: string, event: JsonObject): StreamEvent[] {
    switch (type) {
      case "messageStart":
        return this.#start();
      case "contentBlockStart":
        return this.#begin(indexOf(event), event.start);
      case "contentBlockDelta":
        return this.#continue(indexOf(event), event.delta);
      case "contentBlockStop":
        return this.#endBlock(indexOf(event));
      case "messageStop":
        return this.#stop(event);
      case "metadata":
        return this.#report(event);
      default:
        return [];
    }
  }

  #start(): StreamEvent[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    return [{ event: "start" }];
  }

  /** Only blocks of tools and images begin by themselves. */
  #begin(index: number, start: JsonValue | undefined): StreamEvent[] {
    if (!isJsonObject(start)) return [];
    const { toolUse } = start;
    if (isJsonObject(toolUse) && toolUse.type !== "server_tool_use") {
      const begins: StreamPart = {
        kind: "tool_call",
        id: kept(toolUse.toolUseId) ?? `tooluse_${this.#parts}`,
        name: kept(toolUse.name) ?? "",
        arguments: "",
      };
      return this.#beginPart(index, begins);
    }
    const isOther = Object.keys(start).length > 0;
    return isOther ? this.#ignore(index) : [];
  }

  /** What the provider runs by itself, and images, whose pieces say nothing here. */
  #ignore(index: number): StreamEvent[] {
    dropped(this.#warn, "/contentBlockStart", "what the provider runs by itself has no counterpart");
    const events = this.#endBlock(index);
    this.#blocks.set(index, { part: -1, kind: "ignored", hasInput: false });
    return events;
  }

  #beginPart(index: number, begins: StreamPart): StreamEvent[] {
    const events = [...this.#start(), ...this.#endBlock(index)];
    const part = this.#parts++;
    this.#blocks.set(index, { part, kind: begins.kind as Kind, hasInput: false });
    events.push({ event: "part_start", choice: 0, part, begins });
    return events;
  }

  #continue(index: number, delta: JsonValue | undefined): StreamEvent[] {
    if (!isJsonObject(delta) || this.#blocks.get(index)?.kind === "ignored") return [];
    tellUnread(delta, DELTAS, "/delta", this.#warn);
    const { text, toolUse, reasoningContent } = delta;
    if (typeof text === "string") return this.#say(index, "text", text);
    if (isJsonObject(toolUse)) {
      const block = this.#blocks.get(index);
      const input = textOf(toolUse.input);
      if (block?.kind !== "tool_call" || input === undefined) return [];
      block.hasInput = true;
      return [{ event: "delta", choice: 0, part: block.part, text: input }];
    }
    return isJsonObject(reasoningContent) ? this.#reason(index, reasoningContent) : [];
  }

  #reason(index: number, { text, signature, redactedContent }: JsonObject): StreamEvent[] {
    const sealed = textOf(redactedContent);
    if (sealed !== undefined)
      return this.#beginPart(index, { kind: "reasoning", text: "", encrypted: openSealed(sealed) });
    if (typeof text === "string") return this.#say(index, "reasoning", text);
    const proof = textOf(signature);
    if (proof === undefined) return [];
    const events = this.#say(index, "reasoning", "");
    const part = this.#blocks.get(index)?.part ?? 0;
    return [...events, { event: "signature", choice: 0, part, signature: proof }];
  }

  /** A text or a thought is there with its first piece. */
  #say(index: number, kind: "text" | "reasoning", text: string): StreamEvent[] {
    const open = this.#blocks.get(index);
    const events = open?.kind === kind ? [] : this.#beginPart(index, { kind, text: "" });
    const part = this.#blocks.get(index)?.part ?? 0;
    if (text !== "") events.push({ event: "delta", choice: 0, part, text });
    return events;
  }

  #endBlock(index: number): StreamEvent[] {
    const block = this.#blocks.get(index);
    this.#blocks.delete(index);
    if (block === undefined || block.kind === "ignored") return [];
    const { part, kind, hasInput } = block;
    const events: StreamEvent[] = [{ event: "part_end", choice: 0, part }];
    // A call without arguments has no pieces; elsewhere arguments are a JSON text in any case.
    if (kind === "tool_call" && !hasInput) events.unshift({ event: "delta", choice: 0, part, text: "{}" });
    return events;
  }

  #endAll(): StreamEvent[] {
    return [...this.#blocks.keys()].flatMap((index) => this.#endBlock(index));
  }

  #stop({ stopReason, additionalModelResponseFields }: JsonObject): StreamEvent[] {
    const reason = kept(stopReason);
    if (reason === undefined || this.#isFinished) return [];
    this.#isFinished = true;
    const stopSequence = tellFields(additionalModelResponseFields, this.#warn);
    return [
      ...this.#start(),
      ...this.#endAll(),
      {
        event: "finish",
        choice: 0,
        finish: finishKind(reason),
        rawFinish: reason,
        ...defined({ stopSequence }),
      },
    ];
  }

  #report(metadata: JsonObject): StreamEvent[] {
    tellUnread(metadata, METADATA, "/metadata", this.#warn);
    const usage = readWholeUsage(metadata.usage);
    return usage === undefined ? [] : [{ event: "usage", usage }];
  }

  #fail(type: string, payload: JsonValue | undefined): StreamEvent[] {
    return [{ event: "failure", failure: failureOf(readException(type, payload), this.#status) }];
  }
}

const DELTAS: ReadonlySet<string> = new Set(["text", "toolUse", "reasoningContent"]);

/** Padding hides how long texts are; how long the model took says nothing of the answer. */
const METADATA: ReadonlySet<string> = new Set(["usage", "metrics", "p"]);

/** Some servers leave out that of the first block. */
function indexOf({ contentBlockIndex }: JsonObject): number {
  return typeof contentBlockIndex === "number" ? contentBlockIndex : 0;
}

function kept(value: JsonValue | undefined): string | undefined {
  const text = textOf(value);
  return text === undefined ? undefined : keptWord(text);
}
