import type { HeaderField, Headers } from "../exchange/headers.ts";
import type {
  Answer,
  AnswerError,
  FormatName,
  Inference,
  TextPart,
  ToolCall,
} from "../exchange/inference.ts";
import type { JsonObject } from "../exchange/json.ts";
import type { JsonDocument } from "../wire/json/index.ts";
import type { AnswerPart } from "./answer-parts.ts";
import type { AnswerSplitter } from "./answer-splitter.ts";
import type { AnswerTextReader } from "./answer-texts.ts";
import type { FinishKind } from "./finish.ts";

/** A wire dialect. Every folder beside this file exports one, made of the same files. */
export type Format = {
  readonly name: FormatName;
  readonly endpoints: readonly Endpoint[];
  /**
   * What a request asks for, and how it is changed.
   *
   * @throws RegentError body_invalid, saying what is wrong and where
   */
  readRequest(message: RequestMessage): ReadRequest;
  /**
   * What `regent read` prints of a request besides the members that all formats have.
   *
   * @throws RegentError body_invalid
   */
  describeRequest(message: RequestMessage): RequestDescription;
  /**
   * Refuses parameters of the query that carry credentials or make an answer one that cannot be read. Asked before
   * policy, without the question mark; absent where a query changes nothing.
   *
   * @throws RegentError
   */
  checkQuery?(query: string): void;
  /** What a whole answer says. Never throws: an upstream may send anything. */
  readResponse(message: ResponseMessage): ReadAnswer;
  /**
   * What `regent read` prints of a whole answer besides, where that takes more than what governs it is worth. Absent: `details` of the answer.
   *
   * @throws RegentError body_invalid
   */
  describeResponse?(message: ResponseMessage): JsonObject;
  readonly stream: StreamReducer;
  /** The texts of answers that are JSON, and where they stand. */
  readonly answerTexts?: AnswerTextReader;
  /**
   * Takes apart a whole answer, where JSON is not all of it. Absent: `answerTexts` does. Without both, whole answers of this
   * dialect can be neither inspected nor redacted.
   *
   * @throws RegentError answer_uninspectable
   */
  takeApart?(message: ResponseMessage): AnswerPart;
  /**
   * What trailers say of the answer that they end; undefined where it went well. Absent: answers of this dialect end with
   * their bodies. With it, a stream that ends without trailers was cut off.
   */
  trailersError?(trailers: Headers): AnswerError | undefined;
  /** Takes a streamed answer apart. Absent: streams in this framing can be neither inspected nor redacted. */
  openSplitter?(): AnswerSplitter;
  /** The media type of a streamed answer; server-sent events unless said otherwise. */
  readonly streamType?: string;
  /** The same stream in other framings that servers give it, by media type in lower case. */
  readonly framings?: { readonly [mediaType: string]: StreamFraming };
  /** Media types of whole answers besides JSON, lower case. */
  readonly answerTypes?: readonly string[];
  /** Words a refusal for the clients of this dialect. */
  refuse(refusal: Refusal): RenderedRefusal;
  /**
   * Words a refusal as the last event of a stream that has begun. Clients raise an error on it, and nothing in it looks
   * like a regular end. It may follow anything that a {@link StreamReducer} gave out.
   */
  refuseInStream(refusal: Refusal): Buffer;
  /**
   * Words a refusal as trailers, in the place of those in which a stream that has begun says how it went. Absent: its
   * streams end without.
   */
  refuseInTrailers?(refusal: Refusal): readonly HeaderField[];
  /** Absent: its clients take the list in OpenAI's form. */
  readonly models?: ModelWords;
  /** A header that only clients of this dialect send: it says whose words to take where no endpoint does. */
  readonly clientHeader?: ClientHeader;
};

/**
 * A header in lower case. `mediaType`: what its value is, with or without a suffix (`application/grpc+proto`); absent: anything.
 */
export type ClientHeader = { readonly name: string; readonly mediaType?: string };

/** How the events of a streamed answer lie in its bytes. A format is its own usual framing. */
export type StreamFraming = Pick<Format, "stream" | "refuseInStream" | "openSplitter" | "trailersError">;

/** Where a dialect is spoken. */
export type Endpoint = {
  readonly method: string;
  /**
   * Matched exactly, but for `{model}` and other names in braces, each of which stands for one segment or the part of it
   * that the text around leaves: `/v1beta/models/{model}:generateContent`.
   */
  readonly path: string;
  /** OpenTelemetry GenAI operation name, or the dialect's own where that has none: `infer`, `predict` ... */
  readonly operation: string;
  /** Whether answers are streams, where the endpoint says so and not the body. */
  readonly stream?: boolean;
  /**
   * Whether its names may be ARNs, which have slashes in them: escaped ones, within the one segment. No other name of any
   * endpoint may.
   */
  readonly takesArns?: boolean;
  /** How its answers lie in their bytes, where they are framed as no other endpoint's are. */
  readonly framing?: StreamFraming;
  /**
   * Takes apart a body of several requests, where clients send the next one when the one before is answered. Absent: a
   * body is one request, or all of them are there before the first is answered.
   */
  openRequests?(messageBytesMax: number): RequestSplitter;
};

/** Takes a body of several requests apart as it comes. */
export type RequestSplitter = {
  /**
   * Gives every request that is whole now, as a body of its own: at once, one after the other.
   *
   * @throws RegentError body_too_large when the next one says that it is longer than it may be
   */
  split(chunk: Buffer): Iterable<Buffer>;
  /** Bytes that came of a request which is not whole. */
  readonly pendingBytes: number;
};

/** An endpoint as a request names it. */
export type EndpointMatch = {
  readonly operation: string;
  readonly stream?: boolean | undefined;
  readonly framing?: StreamFraming | undefined;
  readonly openRequests?: Endpoint["openRequests"];
  /** What the request has in the place of the names in braces, percent-decoded once: `model`, `version` ... */
  readonly names: { readonly [name: string]: string };
  /** The path that asks for another model; undefined where the path names none. */
  pathFor(model: string): string | undefined;
};

/** A request as a format reads it. */
export type RequestMessage = {
  /** Without content codings. */
  readonly bytes: Buffer;
  readonly headers: Headers;
  readonly endpoint: EndpointMatch;
  /** How many requests of the same stream were read before this body; none unless said otherwise. */
  readonly before?: number | undefined;
};

/** A request that was understood, on its original bytes. */
export type ReadRequest = {
  readonly inference: Inference;
  /** The JSON text that policy is shown and may patch; undefined where the body has none. */
  readonly document: JsonDocument | undefined;
  /** Whether `document` is all of the body, so that a patch of it is one of the body. */
  readonly isWhole: boolean;
  /** What servers must take the body for. */
  readonly contentType: string;
  /**
   * Changes what is named and nothing else.
   *
   * @throws JsonEditError when a change does not fit
   */
  rewrite(changes: RequestChanges): RewrittenRequest;
};

/** What is changed in a request. */
export type RequestChanges = {
  /** Other text in the place of parts. */
  readonly texts: readonly { readonly part: TextPart; readonly text: string }[];
  /** Another model. */
  readonly model?: string | undefined;
  /** Make a stream report its usage. Does nothing where the client asked for it or it is no stream. */
  readonly askForUsage: boolean;
};

export type RewrittenRequest = {
  /** The body; the very same buffer where nothing in it changed. */
  readonly bytes: Buffer;
  /** Headers that describe the new body. */
  readonly headers?: readonly HeaderField[];
  /** The new path, without a query, where it changed. */
  readonly pathname?: string | undefined;
  /** Whether the stream reports its usage because of `askForUsage`, and the client did not ask. */
  readonly asksForUsage: boolean;
};

/** A whole answer as a format reads it. */
export type ResponseMessage = {
  readonly status: number;
  readonly headers: Headers;
  /** Without content codings. */
  readonly bytes: Buffer;
};

/** Why a request is refused, before a dialect words it. */
export type Refusal = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  /** The decision's id, where the refusal can carry one. */
  readonly requestId?: string;
};

export type RenderedRefusal = {
  readonly contentType: string;
  readonly body: Buffer;
  /** What the clients of the dialect look for besides; lower case. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** For clients of gRPC, where the status that follows from HTTP's would mislead them. */
  readonly grpcStatus?: number;
};

/** How a dialect lists models to a caller: `GET /v1/models` and `GET /v1/models/{name}`. */
export type ModelWords = {
  list(models: readonly ListedModel[]): Buffer;
  one(model: ListedModel): Buffer;
};

/** A model as a caller sees it in the list. */
export type ListedModel = {
  readonly name: string;
  /** Seconds since the epoch. */
  readonly created?: number;
  readonly owner: string;
};

/** A request as the wire fixtures describe it: values as they were sent, null where nothing was. */
export type RequestDescription = {
  readonly toolCalls: readonly ToolCall[];
  readonly details: JsonObject;
};

/** An answer, and what `regent read` prints of it besides. */
export type ReadAnswer = Answer & {
  /** Why the body is none of this dialect; undefined when it is one. */
  readonly invalid: string | undefined;
  /** Assistant text of each choice in index order; undefined where a choice has no text part. */
  readonly texts: readonly (string | undefined)[];
  readonly reasoningText: string | undefined;
  readonly refusal: string | undefined;
  /** The code of the error as on the wire: some servers send a number. */
  readonly errorCode: string | number | null;
  /** What the reasons to finish mean, in the same order; absent where the dialect does not say it yet. */
  readonly finishKinds?: readonly (FinishKind | null)[];
  /** What `regent read` prints of it that not every dialect has. */
  readonly details?: JsonObject;
};

/** What a stream gives the client and whoever accounts for it. */
export type StreamOptions = {
  /** Leave out the event that only reports usage: it was asked for by Regent, not by the client. */
  readonly hideUsage: boolean;
  /** Keep text, reasoning and tool arguments. Without it an open stream takes next to no memory, and the answer has none. */
  readonly keepText: boolean;
};

/**
 * Reads a streamed answer chunk by chunk, wherever the chunks are cut. What goes to the client are whole events, so that
 * an error event can follow at any time; unless something is hidden they are the upstream's own bytes.
 *
 * A state belongs to one stream. `step` and `finish` use it up: only the state they return may be used afterwards.
 */
export type StreamReducer<S = unknown> = {
  initial(options: StreamOptions): S;
  step(state: S, chunk: Buffer): StreamStep<S>;
  finish(state: S): StreamEnd;
  /** How much was written so far. Absent or undefined: the dialect does not say, and its streams cannot be held to a length. */
  progress?(state: S): StreamProgress | undefined;
};

/** How far an answer is that still goes on. */
export type StreamProgress = {
  /** As {@link Answer} counts them. */
  readonly outputBytes: number;
  /** Tokens of the answer, where the upstream has counted them to the end; undefined before. */
  readonly outputTokens: number | undefined;
};

export type StreamStep<S> = {
  readonly state: S;
  /** What the client gets now, in order. */
  readonly outputs: readonly Buffer[];
  /** Why the stream cannot go on: nothing after `outputs` may be passed on, only a refusal. */
  readonly fault: string | undefined;
};

export type StreamEnd = {
  /** Whether the dialect's own end was seen: a done marker, an error event, or every choice finished. */
  readonly complete: boolean;
  /** Bytes behind the last whole event. They belong to the client if the stream is complete, else to nobody. */
  readonly rest: Buffer;
  readonly answer: ReadAnswer;
  readonly events: number;
  /** Undefined where the dialect has no marker of its own. */
  readonly doneMarker: boolean | undefined;
  /** Whether bytes were left behind the last whole event. */
  readonly truncated: boolean;
  /** Events that were no JSON: passed on, not understood. */
  readonly unparsedEvents: number;
};
