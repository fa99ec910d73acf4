import { type Completion, completionDocument, completionEvents, errorDocument } from "./answer.ts";
import { parseCompletionRequest, textDocument, textEvents } from "./completions.ts";
import { messageDocument, messageError, messageEvents, parseMessageRequest } from "./messages.ts";
import { type ChatRequest, parseChatRequest } from "./request.ts";
import { parseResponseRequest, responseDocument, responseEvents } from "./responses.ts";

/** How a wire format words what the sample model answers. */
export type Dialect = {
  /** Reads a body; undefined when it is no request of the dialect. */
  parse(body: Buffer): ChatRequest | undefined;
  document(completion: Completion, withUsage: boolean): object;
  /** The events of a stream in order, as they go over the wire, all but the last. */
  events(completion: Completion, withUsage: boolean): readonly (string | Buffer)[];
  /** The media type of a stream; server-sent events unless said otherwise. */
  readonly streamType?: string;
  /** What ends a stream regularly. */
  readonly lastEvent: string;
  error(status: number, code: string, message: string): object;
  /** The status for a key that is not right; 401 unless said otherwise. */
  readonly unauthorized?: number;
  errorEvent(error: object): string | Buffer;
};

/** OpenAI chat completions. */
export const OPENAI_CHAT: Dialect = {
  parse: parseChatRequest,
  document: completionDocument,
  events: (completion, withUsage) => [...completionEvents(completion, withUsage)].map(data),
  lastEvent: "data: [DONE]\n\n",
  error: errorDocument,
  errorEvent: data,
};

/** OpenAI completions. */
export const OPENAI_COMPLETIONS: Dialect = {
  ...OPENAI_CHAT,
  parse: parseCompletionRequest,
  document: textDocument,
  events: (completion, withUsage) => [...textEvents(completion, withUsage)].map(data),
};

/** OpenAI responses. How a stream ended is an event like any other, so there is no last one. */
export const OPENAI_RESPONSES: Dialect = {
  parse: parseResponseRequest,
  document: responseDocument,
  events: (completion, withUsage) => [...responseEvents(completion, withUsage)].map(named),
  lastEvent: "",
  error: errorDocument,
  errorEvent: (error) => named({ ...error, type: "error" }),
};

/** Anthropic messages. */
export const ANTHROPIC_MESSAGES: Dialect = {
  parse: parseMessageRequest,
  document: messageDocument,
  events: (completion, withUsage) => [...messageEvents(completion, withUsage)].map(named),
  lastEvent: named({ type: "message_stop" }),
  error: messageError,
  errorEvent: (error) => named({ ...error, type: "error" }),
};

function data(event: object): string {
  return `data: ${JSON.stringify(event)}\n\n`;
}

function named(event: { readonly type: string }): string {
  return `event: ${event.type}\n${data(event)}`;
}
