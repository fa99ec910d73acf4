import type { HeaderField, Headers } from "../exchange/headers.ts";
import type { FormatName } from "../exchange/inference.ts";

/** What the other dialect cannot carry, or carries in another form. */
export type TranslationWarning = {
  /** Stable, lower case: `dropped` (it is gone), `changed` (it says something close), `invented` (the other dialect demands it). */
  readonly code: "dropped" | "changed" | "invented";
  /** RFC 6901 pointer into the body that was translated; of a stream, the member of its events. */
  readonly member: string;
  /** For humans. Names members and types, never their content. */
  readonly message: string;
};

/** Whether something of the source is gone or says something else: what strict mode refuses. */
export function isLoss({ code }: TranslationWarning): boolean {
  return code !== "invented";
}

/** Hears of every warning. In strict mode the first loss refuses the request, so a dialect tells all it leaves out. */
export type Warn = (warning: TranslationWarning) => void;

/** A request for the target, in the target's dialect. */
export type TranslatedRequest = {
  readonly bytes: Buffer;
  readonly contentType: string;
  /** Of the target's endpoint, with the model in it where the dialect names it there; with a query where it needs one. */
  readonly path: string;
  /** What the dialect needs besides, as `anthropic-version` or `inference-header-content-length`. */
  readonly headers: readonly HeaderField[];
  /** What the answer is to be like: given back in {@link AnswerFacts}. */
  readonly hints?: AnswerHints;
};

/** What a request says of its answer that the target's answer does not say again. */
export type AnswerHints = {
  /** How the tensors of a TensorFlow Serving or KServe v1 request lay. */
  readonly layout?: "row" | "columnar";
  /** Names of the outputs that were asked for. */
  readonly outputs?: readonly string[];
  /** The id of the request, where its dialect repeats it in the answer. */
  readonly requestId?: string;
  /** How an embedding is to be written. */
  readonly encoding?: "float" | "base64";
};

export type TranslatedResponse = {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly headers: readonly HeaderField[];
  /** Whether it is an error of the target's, whatever its status says. */
  readonly isFailure?: boolean;
};

/** A streamed answer being translated, wherever its pieces are cut. Used up as it goes. */
export type StreamTranslator = {
  /** What the client gets for a piece; `fault`: why the stream cannot go on, in which case a refusal follows. */
  push(chunk: Buffer): { readonly bytes: Buffer; readonly fault: string | undefined };
  /** The upstream's stream ended. `complete`: its dialect's own end was seen, and `bytes` hold the client's. */
  end(): { readonly bytes: Buffer; readonly complete: boolean };
};

/** Facts of a request that its body does not hold. */
export type RequestFacts = {
  readonly headers: Headers;
  /** The model that the path of the source names. */
  readonly urlModel?: string | undefined;
  /** The version of it. */
  readonly urlVersion?: string | undefined;
  /** Whether the path of the source asks for a stream. */
  readonly urlStream?: boolean | undefined;
  /** The most tokens that the model gives, for dialects that demand a bound where the source has none. */
  readonly modelOutputTokens?: number | undefined;
  /** The query of the source without its question mark, "" where there is none; undefined where nobody knows it. */
  readonly query?: string | undefined;
};

/** What is known of the request whose answer is translated. */
export type AnswerFacts = {
  readonly status: number;
  readonly headers: Headers;
  /** The model the client named, for dialects whose answers do not say. */
  readonly model?: string | undefined;
  /** Whether the client wants a stream to report its usage. */
  readonly includeUsage: boolean;
  /** For ids and times that the source does not give: seconds since the epoch, and a unique part of ids. */
  readonly nowS: number;
  readonly id: string;
  /** Of the translation of the request. */
  readonly hints?: AnswerHints | undefined;
};

/** From one dialect to another, in the direction of its name: `response` and `stream` take bodies of `from` too. */
export type Translator = {
  readonly from: FormatName;
  readonly to: FormatName;
  /** @throws RegentError body_invalid or translation_unsupported, naming the member */
  request?(bytes: Buffer, facts: RequestFacts, warn: Warn): TranslatedRequest;
  /** Also of an error, whose status stays. @throws RegentError upstream_invalid */
  response?(bytes: Buffer, facts: AnswerFacts, warn: Warn): TranslatedResponse;
  stream?(facts: AnswerFacts, warn: Warn): StreamTranslator;
};
