import type { handleBidiStreamingCall, ServerDuplexStream } from "@grpc/grpc-js";
import type { ExchangeEnd } from "../../exchange/exchange.ts";
import type { Governance, Governor } from "../../pipeline/governor.ts";
import type { Init, ProcessingRequest, ProcessingResponse } from "../codec.ts";
import type { Answered, Effect, Fault, ProcessEvent, Step } from "./events.ts";
import { finish } from "./finish.ts";
import { reduce } from "./machine.ts";
import { parseMessage, parseOpening } from "./message.ts";
import { renderReply } from "./reply.ts";
import { INITIAL, STATUS, type State } from "./state.ts";

/**
 * Messages of one stream that wait to be handled while a step runs. Beyond it the stream is not read, and HTTP/2 flow
 * control holds Envoy back. It is the high-water mark of Node's object streams, which grpc-js does not let one choose.
 */
export const QUEUED_MESSAGES_MAX = 16;

/** Milliseconds that Envoy may leave replies unread before its stream is given up. Envoy reads within a few. */
export const WRITE_STALL_MS_MAX = 10_000;

/**
 * Milliseconds before a gRPC deadline at which what is still undecided is refused: enough for the refusal to reach
 * Envoy, where a lapsed deadline would be a 504 without a reason.
 */
export const DEADLINE_MARGIN_MS = 50;

/** The longest delay that a timer of Node can have. A later deadline needs none. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/**
 * Milliseconds that the account of a stream which is gone is kept open for a step that still runs, since a step that
 * ends later may take a reservation that nobody would give back.
 */
export const SETTLE_MS_MAX = 10_000;

/** gRPC status RESOURCE_EXHAUSTED. */
const RESOURCE_EXHAUSTED = 8;

/** The part of the governor that a stream needs. */
export type Begins = Pick<Governor, "begin">;

export type ProcessOptions = {
  /** Reads what the first message says of all the stream; that of the filter at the listener unless said otherwise. */
  readonly parseOpening?: typeof parseOpening;
  /** Wall clock, milliseconds since the epoch. */
  nowMs(): number;
  /** Hears of every stream that ends with an error, for the process log; `cause` is what was thrown, if anything was. */
  onBroken(exchangeId: string | undefined, fault: Fault, cause: unknown): void;
};

export type ProcessCall = ServerDuplexStream<ProcessingRequest, Init<ProcessingResponse>>;

/** The handler of `envoy.service.ext_proc.v3.ExternalProcessor/Process`. It never throws and never rejects. */
export function createProcessHandler(
  governor: Begins,
  options: ProcessOptions,
): handleBidiStreamingCall<ProcessingRequest, Init<ProcessingResponse>> {
  return (call) => new Conversation(call, governor, options).start();
}

/** One stream: drives the reducer with what happens and carries out its effects, one message after the other. */
class Conversation {
  #state: State = INITIAL;
  #governance: Governance | undefined;
  #exchangeId: string | undefined;
  #cause: unknown;
  /** Settles when the running step has, whatever it gives. */
  #running: Promise<unknown> | undefined;
  #pumping = false;
  #writable = true;
  #deadline: NodeJS.Timeout | undefined;
  #patience: NodeJS.Timeout | undefined;
  /** The time of `#patience` is over while something else is being handled. */
  #isOverdue = false;
  readonly #call: ProcessCall;
  readonly #governor: Begins;
  readonly #options: ProcessOptions;

  constructor(call: ProcessCall, governor: Begins, options: ProcessOptions) {
    this.#call = call;
    this.#governor = governor;
    this.#options = options;
  }

  start(): void {
    const call = this.#call;
    // Read by hand, one message at a time: a stream that is not read is not taken in beyond its high-water mark.
    call.on("readable", () => void this.#pump());
    call.on("end", () => void this.#dispatch({ event: "closed" }));
    call.on("cancelled", () => void this.#dispatch({ event: "closed" }));
    this.#armDeadline();
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return;
    this.#pumping = true;
    for (let message = this.#read(); message !== null; message = this.#read()) {
      await this.#handle(message);
      if (!this.#writable) await this.#drained();
      if (this.#isOverdue) await this.#overdue();
    }
    this.#pumping = false;
  }

  #read(): ProcessingRequest | null {
    return this.#call.read() as ProcessingRequest | null;
  }

  async #handle(message: ProcessingRequest): Promise<void> {
    try {
      if (!this.#state.begun) {
        const parse = this.#options.parseOpening ?? parseOpening;
        const opening = parse(message, this.#options.nowMs());
        if (opening !== undefined) await this.#dispatch(opening);
      }
      await this.#dispatch(parseMessage(message));
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Never rejects. */
  async #dispatch(event: ProcessEvent): Promise<void> {
    const { state, effects } = reduce(this.#state, event);
    this.#state = state;
    try {
      for (const effect of effects) await this.#perform(effect);
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Whatever was thrown costs this stream an error status, and no other stream anything. */
  async #fail(error: unknown): Promise<void> {
    if (this.#state.finished) return this.#options.onBroken(this.#exchangeId, THROWN, error);
    this.#cause = error;
    await this.#dispatch({ event: "broken", fault: THROWN });
  }

  #perform(effect: Effect): Promise<void> | undefined {
    switch (effect.effect) {
      case "begin":
        this.#exchangeId = effect.exchange.id;
        this.#governance = this.#governor.begin(effect.exchange);
        return undefined;
      case "step":
        return this.#step(effect.step);
      case "send":
        this.#writable = this.#call.write(renderReply(effect.reply));
        return undefined;
      case "wait":
        this.#wait(effect.ms);
        return undefined;
      case "end":
        this.#wait(undefined);
        return this.#end(effect.how, effect.status);
      case "finish":
        this.#finish(effect.fault);
        return undefined;
    }
  }

  async #step(step: Step): Promise<void> {
    const governance = this.#governance;
    if (governance === undefined) throw new Error(`${step.step} before begin`);
    const answered = callStep(governance, step);
    if (!(answered instanceof Promise)) return this.#dispatch({ event: "answered", answered });
    this.#running = answered.catch(() => undefined);
    try {
      await this.#dispatch({ event: "answered", answered: await answered });
    } finally {
      this.#running = undefined;
    }
  }

  /** The account closes when no step runs any more: one that ends later may reserve what nobody would give back. */
  async #end(how: ExchangeEnd, status: number | undefined): Promise<void> {
    if (this.#running !== undefined) {
      this.#governance?.stop?.();
      await within(SETTLE_MS_MAX, this.#running);
    }
    this.#governance?.end(how, status);
  }

  #wait(ms: number | undefined): void {
    clearTimeout(this.#patience);
    this.#isOverdue = false;
    if (ms !== undefined) this.#patience = setTimeout(() => this.#onPatienceOver(), ms);
  }

  /** What is being handled may give more time, so it is ended first. */
  #onPatienceOver(): void {
    if (this.#pumping) this.#isOverdue = true;
    else void this.#overdue();
  }

  #overdue(): Promise<void> {
    this.#isOverdue = false;
    return this.#dispatch({ event: "overdue" });
  }

  #finish(fault: Fault | undefined): void {
    clearTimeout(this.#deadline);
    this.#wait(undefined);
    // A cancelled call has nobody left to tell.
    if (!this.#call.cancelled) finish(this.#call, this.#state, fault);
    if (fault !== undefined) this.#options.onBroken(this.#exchangeId, fault, this.#cause);
  }

  /** Reads nothing more until Envoy has read what was written. */
  async #drained(): Promise<void> {
    const call = this.#call;
    const { promise, resolve } = Promise.withResolvers<void>();
    const stalled = () => void this.#dispatch({ event: "broken", fault: STALLED }).then(resolve);
    const timer = setTimeout(stalled, WRITE_STALL_MS_MAX);
    call.once("drain", resolve).once("close", resolve);
    if (call.destroyed) resolve();
    await promise;
    clearTimeout(timer);
    call.off("drain", resolve).off("close", resolve);
    this.#writable = true;
  }

  /** Envoy 1.40 sets none on ext_proc streams, whatever `grpc_service.timeout` says, and does not tell `message_timeout`. */
  #armDeadline(): void {
    const leftMs = Number(this.#call.getDeadline()) - this.#options.nowMs() - DEADLINE_MARGIN_MS;
    if (leftMs > TIMER_MS_MAX) return;
    this.#deadline = setTimeout(() => void this.#dispatch({ event: "deadline" }), Math.max(leftMs, 0));
  }
}

/** Calls Governance; what it answers at once is not waited for. */
function callStep(governance: Governance, step: Step): Answered | Promise<Answered> {
  switch (step.step) {
    case "requestHead":
      return governance.requestHead(step.endOfStream).then((answer) => ({ ...step, answer }));
    case "requestBody":
      return governance.requestBody(step.body).then((answer) => ({ step: step.step, answer }));
    case "requestChunk": {
      const { step: name, endOfStream } = step;
      if (governance.requestChunk === undefined) throw new Error("requests are not streamed here");
      return governance
        .requestChunk(step.chunk, endOfStream)
        .then((answer) => ({ step: name, answer, endOfStream }));
    }
    case "refuseRequest":
      if (governance.refuseRequest === undefined) throw new Error("requests are not streamed here");
      return { step: step.step, answer: governance.refuseRequest(step.error) };
    case "responseHead":
      return governance.responseHead(step.head, step.endOfStream).then((answer) => ({ ...step, answer }));
    case "responseBody":
      return governance.responseBody(step.body).then((answer) => ({ step: step.step, answer }));
    case "responseChunk": {
      const { endOfStream, trailers } = step;
      const answer = governance.responseChunk(step.chunk, endOfStream, trailers);
      return answer instanceof Promise
        ? answer.then((late) => ({ step: step.step, answer: late, endOfStream }))
        : { step: step.step, answer, endOfStream };
    }
    case "refuse":
      return { step: step.step, answer: governance.refuse(step.error) };
  }
}

/** Waits for a promise, but not for ever. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, late]);
  clearTimeout(timer);
}

const THROWN: Fault = { code: STATUS.INTERNAL, details: "Regent failed" };
const STALLED: Fault = { code: RESOURCE_EXHAUSTED, details: "replies are not read" };
