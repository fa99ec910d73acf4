import type { RegentError } from "../../exchange/errors.ts";
import type { Exchange, ExchangeEnd, ResponseHead } from "../../exchange/exchange.ts";
import type { Headers } from "../../exchange/headers.ts";
import type { OwnAnswer } from "../../exchange/plan.ts";
import type {
  ChunkAnswer,
  RequestAnswer,
  RequestChunkAnswer,
  RequestHeadAnswer,
  RequestRefusal,
  ResponseAnswer,
  ResponseHeadAnswer,
} from "../../pipeline/governor.ts";
import type { AnnouncedModes } from "./modes.ts";
import type { Reply } from "./reply.ts";

/** What arrives: Envoy's messages, answers of Governance, and the fate of the gRPC stream. */
export type ProcessEvent =
  /** Comes before the first message. `exchange` is a minimal one when that is no request. */
  | {
      readonly event: "opened";
      readonly exchange: Exchange;
      readonly modes: AnnouncedModes | undefined;
      readonly observed: boolean;
      /** What could not be read of the first message; the request is refused with it. */
      readonly unreadable: RegentError | undefined;
    }
  | MessageEvent
  | { readonly event: "answered"; readonly answered: Answered }
  /** The time that the effect `wait` gave is over. */
  | { readonly event: "overdue" }
  /** The gRPC deadline is near. */
  | { readonly event: "deadline" }
  /** Something that this room does not know or cannot read: `fault` says what. */
  | { readonly event: "broken"; readonly fault: Fault }
  | { readonly event: "closed" };

export type MessageEvent =
  | { readonly event: "requestHeaders"; readonly endOfStream: boolean }
  | { readonly event: "requestBody"; readonly body: Buffer; readonly endOfStream: boolean }
  | { readonly event: "requestTrailers" }
  | {
      readonly event: "responseHeaders";
      readonly head: ResponseHead;
      readonly endOfStream: boolean;
      /** Who made the answer; undefined where Envoy is not configured to say it. */
      readonly origin: AnswerOrigin | undefined;
    }
  | { readonly event: "responseBody"; readonly body: Buffer; readonly endOfStream: boolean }
  | { readonly event: "responseTrailers"; readonly trailers: Headers };

export type AnswerOrigin = "upstream" | "envoy";

/** A call of Governance. At most one effect of a transition is a step, and it comes last. */
export type Step =
  | { readonly step: "requestHead"; readonly endOfStream: boolean }
  | { readonly step: "requestBody"; readonly body: Buffer }
  | { readonly step: "requestChunk"; readonly chunk: Buffer; readonly endOfStream: boolean }
  | { readonly step: "refuseRequest"; readonly error: RegentError }
  | { readonly step: "responseHead"; readonly head: ResponseHead; readonly endOfStream: boolean }
  | { readonly step: "responseBody"; readonly body: Buffer }
  | {
      readonly step: "responseChunk";
      readonly chunk: Buffer;
      readonly endOfStream: boolean;
      /** Where they are the end. */
      readonly trailers?: Headers;
    }
  | { readonly step: "refuse"; readonly error: RegentError };

export type Answered =
  | { readonly step: "requestHead"; readonly answer: RequestHeadAnswer; readonly endOfStream: boolean }
  | { readonly step: "requestBody"; readonly answer: RequestAnswer }
  | { readonly step: "requestChunk"; readonly answer: RequestChunkAnswer; readonly endOfStream: boolean }
  | { readonly step: "refuseRequest"; readonly answer: RequestRefusal }
  | { readonly step: "responseHead"; readonly answer: ResponseHeadAnswer; readonly endOfStream: boolean }
  | { readonly step: "responseBody"; readonly answer: ResponseAnswer }
  | { readonly step: "responseChunk"; readonly answer: ChunkAnswer; readonly endOfStream: boolean }
  | { readonly step: "refuse"; readonly answer: OwnAnswer };

/** Why a stream ends with an error: a gRPC status and a sentence for Envoy's log. */
export type Fault = { readonly code: number; readonly details: string };

export type Effect =
  | { readonly effect: "begin"; readonly exchange: Exchange }
  | { readonly effect: "send"; readonly reply: Reply }
  /** `status` of an answer that Envoy gave itself. */
  | { readonly effect: "end"; readonly how: ExchangeEnd; readonly status?: number }
  /** Gives the client, or the model behind a refusal, this many milliseconds from now; undefined: all the time. */
  | { readonly effect: "wait"; readonly ms: number | undefined }
  | { readonly effect: "finish"; readonly fault: Fault | undefined }
  | { readonly effect: "step"; readonly step: Step };
