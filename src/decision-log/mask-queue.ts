import { setImmediate as nextTurn } from "node:timers/promises";
import type { DecisionEvent } from "./event.ts";
import { Queue } from "./queue.ts";

/** Events that wait for the mask policy, in number and in bytes of their inputs. */
export const MASK_QUEUE_EVENTS_MAX = 10_000;
export const MASK_QUEUE_BYTES_MAX = 32 * 1024 * 1024;
/** How long masks may hold up requests at a time, milliseconds. */
const SLICE_MS = 2;

export type MaskQueueOptions = {
  /** Masks one event and passes it on. Never rejects. */
  readonly handle: (event: DecisionEvent) => Promise<void>;
  /** There was no room for an older event. */
  readonly onDrop: () => void;
  readonly eventsMax?: number;
  readonly bytesMax?: number;
};

/** Masks decisions after they were answered, one after another and a few at a time, so that nobody waits for a mask. */
export class MaskQueue {
  readonly #options: MaskQueueOptions;
  readonly #waiting = new Queue<DecisionEvent>();
  #running: Promise<void> | undefined;

  constructor(options: MaskQueueOptions) {
    this.#options = options;
  }

  push(event: DecisionEvent): void {
    const { onDrop, eventsMax = MASK_QUEUE_EVENTS_MAX, bytesMax = MASK_QUEUE_BYTES_MAX } = this.#options;
    this.#waiting.push(event, event.input?.length ?? 0);
    while (this.#waiting.count > eventsMax || this.#waiting.bytes > bytesMax) {
      this.#waiting.take();
      onDrop();
    }
    void this.idle();
  }

  /** Resolves when none waits. */
  idle(): Promise<void> {
    if (this.#running === undefined && this.#waiting.count > 0) {
      this.#running = this.#run().finally(() => {
        this.#running = undefined;
      });
    }
    return this.#running ?? Promise.resolve();
  }

  async #run(): Promise<void> {
    let sliceEndMs = 0;
    while (this.#waiting.count > 0) {
      if (performance.now() >= sliceEndMs) {
        await nextTurn();
        sliceEndMs = performance.now() + SLICE_MS;
      }
      const event = this.#waiting.take();
      if (event !== undefined) await this.#options.handle(event);
    }
  }
}
