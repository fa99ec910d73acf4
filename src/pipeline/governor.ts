import type { RegentError } from "../exchange/errors.ts";
import type { Exchange, ExchangeEnd, ResponseHead } from "../exchange/exchange.ts";
import type { HeaderField, Headers } from "../exchange/headers.ts";
import type { JsonObject } from "../exchange/json.ts";
import type { Permit } from "../exchange/permit.ts";
import type { OwnAnswer, Plan } from "../exchange/plan.ts";

/** What `src/envoy` asks of the rest. Nothing here throws: whatever fails inside comes back as an `answer` that denies. */
export type Governor = {
  /** ext_authz alone: the whole governance decision on head and body, with nothing that ext_authz cannot carry out. */
  check(exchange: Exchange, body: CheckBody): Promise<RequestAnswer>;
  /** ext_authz in front of ext_proc: who is calling, for the hand-over. A failure is left to ext_proc to answer. */
  identify(exchange: Exchange): Identified;
  /** ext_authz in front of ext_proc refused: nothing comes after it, so it is recorded here. */
  recordDenial(exchange: Exchange, denial: CheckDenial): void;
  /** ext_proc: begins to govern one exchange. */
  begin(exchange: Exchange): Governance;
  /** ext_proc at the cluster of a target: begins to govern one attempt to send an exchange there. */
  attempt(head: AttemptHead): Governance;
  /** Exchanges that were begun and have not ended. */
  open(): number;
};

/** What the filter at a cluster shows first of an attempt. */
export type AttemptHead = {
  /** Its id is what the request carries as its decision's id: whether there is such an exchange is not known. */
  readonly exchange: Exchange;
  /** The target that Envoy says it is going to; undefined where it does not. */
  readonly target: string | undefined;
  /** The host that the request will name, where it is not that of the exchange. */
  readonly host: string | undefined;
};

/** The body as ext_authz shows it: absent when Envoy sends none, truncated when Envoy cut it. */
export type CheckBody = { readonly bytes: Buffer | undefined; readonly truncated: boolean };

/** A denial by a policy of the opa-envoy style. */
export type CheckDenial = { readonly entrypoint: string; readonly status: number; readonly revision: string };

export type Identified =
  | { readonly identity: import("../exchange/identity.ts").Identity }
  | { readonly failed: string };

/**
 * One exchange being governed. Calls come in this order, each awaited before the next; pieces of a stream of requests come
 * between those of its answer. `end` comes last, once or more.
 */
export type Governance = {
  /** `endOfStream`: the request has no body. */
  requestHead(endOfStream: boolean): Promise<RequestHeadAnswer>;
  /** The whole request body, as buffered by Envoy. */
  requestBody(body: Buffer): Promise<RequestAnswer>;
  /**
   * One piece of a stream of requests; only after a head answered with `streams`. Between pieces, pieces of the answer to
   * earlier requests may come. Absent: bodies come whole.
   */
  requestChunk?(chunk: Buffer, endOfStream: boolean): Promise<RequestChunkAnswer>;
  /** Regent's own refusal while the client's stream goes on, for what `src/envoy` finds wrong itself: a time that is over. */
  refuseRequest?(error: RegentError): RequestRefusal;
  /** Nobody waits for the step that runs any more. It ends as soon as it can, and `end` comes then. */
  stop?(): void;
  responseHead(head: ResponseHead, endOfStream: boolean): Promise<ResponseHeadAnswer>;
  /** The whole response body; only after a response head answered with `buffered`. */
  responseBody(body: Buffer): Promise<ResponseAnswer>;
  /**
   * One piece of a response body; only after a response head answered with `stream` or `chunks`. What is given is what
   * the client gets: at once, or late where policy has to be asked.
   *
   * @param trailers what the body ends with, where Envoy shows them; there is no chunk then
   */
  responseChunk(chunk: Buffer, endOfStream: boolean, trailers?: Headers): ChunkAnswer | Promise<ChunkAnswer>;
  /**
   * Regent's own refusal in the dialect of the exchange, noted in the record, for what `src/envoy` finds wrong itself:
   * Envoy configured too weakly (`config_mismatch`), changes that Envoy would not accept (`obligation_unsupported`), a
   * deadline about to lapse (`policy_timeout`). May come instead of any step, after one, or while one runs, whose answer
   * then counts no more; nothing follows but `end`, which waits for the step that runs.
   */
  refuse(error: RegentError): OwnAnswer;
  /**
   * Closes the account: writes the record and settles the reservation. The first call counts, later ones do nothing.
   * `status` is that of an answer which Envoy gave by itself.
   */
  end(how: ExchangeEnd, status?: number): void;
};

/** Pass with a permit in hand, or Regent's own answer. */
export type RequestAnswer =
  | {
      readonly kind: "pass";
      readonly permit: Permit;
      readonly plan: Plan;
      /** The body goes on unread while the answer is on its way: each part of it was judged before. */
      readonly passesOn?: boolean;
    }
  | { readonly kind: "answer"; readonly answer: OwnAnswer };

/** `need_body`: nothing is decided yet; Envoy must send the buffered body and hold the request until it is answered. */
export type RequestHeadAnswer =
  | RequestAnswer
  | {
      readonly kind: "need_body";
      /** The body may come piece by piece as well, by `requestChunk`, where Envoy shows it so (FULL_DUPLEX_STREAMED). */
      readonly streams?: boolean;
    };

/** A request of a stream that was judged: what goes on in its place. */
export type JudgedRequest = { readonly permit: Permit; readonly bytes: Buffer };

/** What comes of a piece of a stream of requests. */
export type RequestChunkAnswer = {
  /** What changes in the head; only with the first request. */
  readonly head?: Plan;
  /** Those that pass, in order. None: none is whole yet. */
  readonly requests: readonly JudgedRequest[];
  /** Nothing passes behind `requests`. */
  readonly refusal?: RequestRefusal;
  /** Whether bytes of a request that is not whole are held. */
  readonly isPartial: boolean;
};

/** A refusal in a stream of requests, in words for wherever the client is. */
export type RequestRefusal = {
  /** While no answer has begun. */
  readonly answer: OwnAnswer;
  /** As the last event of one that has begun. */
  readonly last: Buffer;
  /** In the place of the status that follows one. */
  readonly trailers: readonly HeaderField[];
};

export type ResponseHeadAnswer =
  | {
      readonly kind: "pass";
      readonly plan: Plan;
      readonly body: ResponseBodyMode;
    }
  | { readonly kind: "answer"; readonly answer: OwnAnswer };

/**
 * - `none`: no body message follows.
 * - `buffered`: the whole body in one.
 * - `stream`: in pieces of any size, each way (FULL_DUPLEX_STREAMED), so that the answer can end early and cleanly.
 * - `chunks`: piece by piece (STREAMED), with an answer to each; an early end breaks the client's transfer.
 */
export type ResponseBodyMode = "none" | "buffered" | "stream" | "chunks";

export type ResponseAnswer =
  | { readonly kind: "pass"; readonly plan: Plan }
  | { readonly kind: "answer"; readonly answer: OwnAnswer };

export type ChunkAnswer = {
  readonly bytes: Buffer;
  /** The client's stream ends here, cleanly; nothing the upstream still sends is passed on. */
  readonly end: boolean;
  /** Dynamic metadata under the namespace `regent`, known at the end. */
  readonly metadata?: JsonObject;
};
