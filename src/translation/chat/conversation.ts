import type { AnswerError, Usage } from "../../exchange/inference.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { FinishKind } from "../../formats/finish.ts";

/**
 * What the dialects of chat have in common: every one is read into these types and written from them, so that n dialects
 * need n readers and writers instead of a translator for each pair. Numbers keep their value, not their spelling.
 */

/** A request for an answer. What a dialect did not say is absent. */
export type Conversation = {
  readonly model: string | undefined;
  readonly stream: boolean;
  /** Whether a stream is to report its usage. Dialects that always do say true. */
  readonly includeUsage: boolean;
  /** Instructions are messages of the role `system` or `developer`, at their place. */
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  /** Tokens. */
  readonly maxOutputTokens?: number;
  /** Tokens that the model gives at most, as the registry has it: no wish of the client's. */
  readonly modelOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop?: readonly string[];
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  /** How many answers are wanted, when it is not one. */
  readonly choices?: number;
  readonly logprobs?: { readonly top?: number };
  readonly output?: OutputForm;
  readonly reasoning?: Reasoning;
  /** The end user. */
  readonly user?: string;
  /** Labels of the caller's own. */
  readonly metadata?: JsonObject;
  /** What else several dialects share. The writers that can carry one list its name; of the others the loss is told. */
  readonly settings?: readonly Setting[];
  /** Where members stand in the body that was read: a writer that cannot carry one names it by this. */
  readonly at?: Places;
};

/** RFC 6901 pointers into the body that was read, by the member that was read from there. */
export type Places = { readonly [member in keyof Conversation]?: string };

/** A setting under the name that OpenAI's API has for it: `service_tier` (its values too), `verbosity`, `store` ... */
export type Setting = { readonly name: string; readonly value: JsonValue; readonly at: string };

export type Role = "system" | "developer" | "user" | "assistant" | "tool";

/**
 * One message. A tool's result is a part of a `tool` message (one message may hold several). A part of its own kind each;
 * `assistant` messages hold text, reasoning, refusals and tool calls in their order.
 */
export type Message = {
  readonly role: Role;
  readonly name?: string;
  readonly parts: readonly Part[];
  readonly at?: string;
};

/** Where a part, a message or a tool stands in the body that was read (RFC 6901). */
type Placed = { readonly at?: string };

export type Part = TextPart | MediaPart | RefusalPart | ReasoningPart | ToolCallPart | ToolResultPart;

export type RefusalPart = Placed & { readonly kind: "refusal"; readonly text: string };

export type TextPart = Placed & {
  readonly kind: "text";
  readonly text: string;
  /** The prompt up to here is to be cached by the provider. */
  readonly cache?: CachePoint;
};

/** `ttl` as the dialect spells it: `5m`, `1h`. */
export type CachePoint = { readonly ttl?: string };

export type MediaPart = Placed & {
  readonly kind: "image" | "audio" | "video" | "document";
  readonly source: MediaSource;
  /** `low`, `high`, `auto`. */
  readonly detail?: string;
  /** A file name, or a document's title. */
  readonly name?: string;
  readonly cache?: CachePoint;
};

export type MediaSource =
  | { readonly from: "base64"; readonly mediaType: string; readonly data: string }
  | { readonly from: "url"; readonly url: string; readonly mediaType?: string }
  /** A file that the provider keeps, and which one: no other can read it. */
  | {
      readonly from: "file";
      readonly id: string;
      readonly keeper?: "openai" | "anthropic" | "google" | "aws";
    }
  /** A document's plain text. */
  | { readonly from: "text"; readonly text: string };

/** Thinking. What cannot be read is in `encrypted`; `signature` proves to the provider that the text is its own. */
export type ReasoningPart = Placed & {
  readonly kind: "reasoning";
  readonly text: string;
  readonly signature?: string;
  readonly encrypted?: string;
  readonly id?: string;
};

export type ToolCallPart = Placed & {
  readonly kind: "tool_call";
  /** Made up and stable where the dialect has none, as Gemini's: `call_` and its place. */
  readonly id: string;
  readonly name: string;
  /** JSON text; what a model produced need not parse. */
  readonly arguments: string;
  /** Gemini's thought signature and the like: given back to the same provider. */
  readonly signature?: string;
  readonly cache?: CachePoint;
};

export type ToolResultPart = Placed & {
  readonly kind: "tool_result";
  readonly callId: string;
  /** Of the tool, where the dialect says it. */
  readonly name?: string;
  readonly content: readonly (TextPart | MediaPart)[];
  /** A result that is JSON by its dialect (Bedrock, Gemini): in front of `content`, which has what it has besides. */
  readonly json?: JsonValue;
  readonly isError?: boolean;
  readonly cache?: CachePoint;
};

export type Tool = Placed & {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly parameters?: JsonObject;
  readonly strict?: boolean;
  readonly cache?: CachePoint;
};

export type ToolChoice =
  | { readonly mode: "auto" | "none" | "required" }
  | { readonly mode: "tool"; readonly name: string };

export type OutputForm =
  | { readonly form: "text" | "json_object" }
  | {
      readonly form: "json_schema";
      readonly name?: string;
      readonly description?: string;
      readonly schema: JsonObject;
      readonly strict?: boolean;
    };

/** How much the model is to think. `off`: not at all; a budget in tokens and an effort are two ways to say the same. */
export type Reasoning =
  | { readonly mode: "off" }
  | {
      readonly mode: "on";
      readonly effort?: "minimal" | "low" | "medium" | "high" | "xhigh";
      readonly budgetTokens?: number;
      /** Whether the answer is to show it. */
      readonly shown?: boolean;
      /** The model decides how much. */
      readonly adaptive?: boolean;
    };

/** A whole answer. */
export type Reply = {
  readonly id?: string;
  /** Seconds since the epoch. */
  readonly createdS?: number;
  readonly model?: string;
  readonly choices: readonly Choice[];
  readonly usage?: WholeUsage;
  /** In OpenAI's words: `default`, `priority`, `flex`, `scale`. */
  readonly serviceTier?: string;
};

export type Choice = {
  /** Text, reasoning, refusals, tool calls and media, in their order. */
  readonly parts: readonly Part[];
  readonly finish: FinishKind | undefined;
  /** As on the wire. */
  readonly rawFinish?: string;
  /** The stop sequence that was met. */
  readonly stopSequence?: string;
};

/**
 * Tokens counted alike for all dialects: `input` is the whole prompt, what came from a cache and went into one included;
 * `output` the whole answer, reasoning included. Undefined: not reported.
 */
export type WholeUsage = Usage;

/** An error in place of an answer. */
export type Failure = AnswerError & { readonly status: number };

/**
 * What happens in a streamed answer. Parts are numbered in the order in which they begin, from 0, in each choice; `delta`
 * and `part_end` name a part that has begun. `usage` replaces what was said before, member by member. Nothing follows
 * `end` or `failure`.
 */
export type StreamEvent =
  | {
      readonly event: "start";
      readonly id?: string;
      readonly model?: string;
      readonly createdS?: number;
    }
  | {
      readonly event: "part_start";
      readonly choice: number;
      readonly part: number;
      readonly begins: StreamPart;
    }
  /** More of a part: text, reasoning, refusal, or the JSON text of a call's arguments. */
  | { readonly event: "delta"; readonly choice: number; readonly part: number; readonly text: string }
  /** The signature of a reasoning part, or of a call. */
  | {
      readonly event: "signature";
      readonly choice: number;
      readonly part: number;
      readonly signature: string;
    }
  | { readonly event: "part_end"; readonly choice: number; readonly part: number }
  | {
      readonly event: "finish";
      readonly choice: number;
      readonly finish: FinishKind | undefined;
      readonly rawFinish?: string;
      readonly stopSequence?: string;
    }
  | { readonly event: "usage"; readonly usage: WholeUsage }
  | { readonly event: "failure"; readonly failure: Failure }
  /** The dialect's own end. */
  | { readonly event: "end" };

/** A part at its beginning: what is streamed of it is empty or its first piece. */
export type StreamPart =
  | { readonly kind: "text" | "refusal"; readonly text: string }
  | { readonly kind: "reasoning"; readonly text: string; readonly encrypted?: string; readonly id?: string }
  | ToolCallPart
  | MediaPart;
