import { isJsonObject, type JsonObject } from "../../exchange/json.ts";
import {
  type AwsMessage,
  type AwsStreamState,
  initialAwsStream,
  restOfAwsStream,
  stepAwsStream,
} from "../../wire/aws-event-stream.ts";
import { type EventFate, type EventReader, type Framing, framedStream } from "../event-stream.ts";
import type { StreamOptions } from "../format.ts";
import { parse } from "../loose.ts";
import { ConverseBuilder } from "./answer.ts";
import { readException } from "./error.ts";

export const STREAM_TYPE = "application/vnd.amazon.eventstream";

export const AWS_MESSAGES: Framing<AwsMessage, AwsStreamState> = {
  initial: initialAwsStream,
  step(state, chunk) {
    const { messages, raw, fault } = stepAwsStream(state, chunk);
    return { events: messages, raw, fault };
  },
  rest: restOfAwsStream,
};

/**
 * The events of an answer (https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html),
 * each a message whose headers name it. Events that are not known are passed on, as AWS's clients skip them.
 */
export const stream = framedStream(AWS_MESSAGES, (options) => new ConverseReader(options));

/** Some servers leave out what kind of message it is, and name only the event. */
export function typeOf(message: AwsMessage): string {
  const type = textIn(message, ":message-type");
  if (type !== "") return type;
  if (textIn(message, ":exception-type") !== "") return "exception";
  return textIn(message, ":event-type") === "" ? "" : "event";
}

class ConverseReader implements EventReader<AwsMessage> {
  /** The last event, `metadata`, is no marker: some servers send it before `messageStop`. */
  readonly doneMarker = undefined;
  readonly #answer: ConverseBuilder;

  constructor({ keepText }: StreamOptions) {
    this.#answer = new ConverseBuilder(keepText);
  }

  get complete(): boolean {
    return this.#answer.isOver;
  }

  read(message: AwsMessage): EventFate {
    const payload = parse(message.payload.toString("utf8"));
    switch (typeOf(message)) {
      case "exception":
        this.#answer.fail(readException(textIn(message, ":exception-type"), payload));
        return "shown";
      case "error":
        this.#answer.fail(
          readException(textIn(message, ":error-code"), { message: textIn(message, ":error-message") }),
        );
        return "shown";
      case "event": {
        if (!isJsonObject(payload)) return "unparsed";
        const fault = this.#take(textIn(message, ":event-type"), payload);
        return fault === undefined ? "shown" : { fault: `the answer has ${fault}` };
      }
      default:
        // The clients fail on it, and nobody can say what it means.
        return { fault: "a message has no type that is known" };
    }
  }

  #take(type: string, event: JsonObject): string | undefined {
    switch (type) {
      case "contentBlockStart":
        return this.#answer.startBlock(event);
      case "contentBlockDelta":
        return this.#answer.addToBlock(event);
      case "messageStop":
        this.#answer.stop(event.stopReason);
        return undefined;
      case "metadata":
        this.#answer.meter(event.usage);
        return undefined;
      default:
        return undefined;
    }
  }

  answer() {
    return this.#answer.answer();
  }

  progress() {
    return this.#answer.progress();
  }
}

/** The text of a header; empty where there is none. */
export function textIn({ headers }: AwsMessage, name: string): string {
  const header = headers.get(name);
  return header?.type === "string" ? header.value : "";
}
