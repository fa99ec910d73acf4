import { availableParallelism } from "node:os";

/**
 * Time that an evaluation may take on the thread that serves all exchanges, milliseconds. The shipped policies need 0.1
 * and 1,000 rules on 100 KB of input need 0.8. Ten hostile bodies a second hold that thread for 2 % of its time, so that
 * one exchange in a hundred waits for a millisecond.
 */
export const INLINE_LIMIT_MS = 1;

/** Looks at the clock before that counts: 30,000 steps, 0.3 to 1 ms of work. */
export const INLINE_LOOKS_MIN = 3;

/**
 * Input of more bytes is evaluated by a worker from the start: parsing alone takes some 3 ms a megabyte, so most of it
 * would be done twice.
 */
export const INLINE_INPUT_BYTES_MAX = 512 * 1024;

/**
 * Threads for long evaluations. One core is left to the thread that serves; a third would only let hostile bodies take
 * more of the machine.
 */
export const WORKERS_MAX = Math.max(1, Math.min(2, availableParallelism() - 1));

/** Evaluations that wait for a thread. Each waits until its own deadline at most; some 3 ms of work in each are served. */
export const WAITING_MAX = 32;

/** Bytes of input that wait. Bodies of the default limit (4 MiB) in most places of the queue. */
export const WAITING_BYTES_MAX = 32 * 1024 * 1024;

/**
 * What an evaluation may be late beyond its limit of CPU time, milliseconds, by the clock on the wall: in the queue, and
 * in a thread that got at least half of its CPU time meanwhile. One that got less waits for the machine, not for itself,
 * and must not be denied for that.
 */
export const GRACE_MS = 35;

/** Beyond that an evaluation is denied whatever the machine does, milliseconds: by then nobody waits for the answer. */
export const STARVED_MS = 200;

/**
 * What the thread of an evaluation that was denied has to come to an end by itself, milliseconds. On a busy machine it
 * nearly always does, and a new thread would cost 100 ms of CPU; one that does not is busy with something that counts no
 * steps.
 */
export const LINGER_MS = 1_000;

/** Policies that a thread keeps: the live one, a candidate, and those that exchanges of a moment ago still use. */
export const POLICIES_PER_WORKER_MAX = 4;

/** JavaScript's heap in a thread, MiB: builtins work there. A thread that needs more is ended, not the process. */
export const WORKER_HEAP_MIB_MAX = 256;

/**
 * Memory that a thread keeps for its next evaluation, bytes: as much as 50 ms of allocating takes. New memory for each has
 * V8 collect garbage all the time where hostile bodies come, and its helpers compete with the thread that serves.
 */
export const SPARE_BYTES_MAX = 64 * 1024 * 1024;
