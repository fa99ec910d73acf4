import { Duplex } from "node:stream";
import {
  decodeProcessingRequest,
  encodeProcessingRequest,
  type Init,
  type ProcessingRequest,
  type ProcessingResponse,
} from "../../../src/envoy/codec.ts";

/** A call of grpc-js without a network: what is written stays unread until `release`. */
export class FakeCall extends Duplex {
  cancelled = false;
  readonly written: Init<ProcessingResponse>[] = [];
  taken = 0;
  /** What it was ended with: undefined while it goes on, null for a clean end. */
  over: Error | null | undefined;
  #unread: (() => void)[] | undefined;

  constructor(stuck: boolean) {
    super({ objectMode: true });
    this.#unread = stuck ? [] : undefined;
    this.on("error", (error) => {
      this.over = error;
      this.end();
    });
    this.on("finish", () => {
      this.over ??= null;
    });
  }
  override _read(): void {
    this.taken += 1;
  }
  override _write(message: Init<ProcessingResponse>, _: string, callback: () => void): void {
    this.written.push(message);
    if (this.#unread === undefined) callback();
    else this.#unread.push(callback);
  }
  release(): void {
    const unread = this.#unread ?? [];
    this.#unread = undefined;
    for (const callback of unread) callback();
  }
  getDeadline(): number {
    return Number.POSITIVE_INFINITY;
  }
  receive(message: Init<ProcessingRequest>): void {
    this.push(decodeProcessingRequest(encodeProcessingRequest(message)));
  }
  cancel(): void {
    this.cancelled = true;
    this.emit("cancelled");
    this.destroy();
  }
}
