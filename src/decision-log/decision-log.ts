import { Counters, type Counts } from "./counters.ts";
import { type DecisionEvent, type EncodedEvent, type EventFormat, encodeEvent, visibleOf } from "./event.ts";
import { DecisionFolder } from "./folder.ts";
import { LogPolicies } from "./log-policies.ts";
import { MaskQueue } from "./mask-queue.ts";
import { occasionally } from "./occasionally.ts";
import { consoleLine } from "./one-line.ts";
import type { DecisionProcessLog } from "./process-log.ts";
import { DecisionUpload, type UploadOptions } from "./upload.ts";

/** The paths of OPA's rules, used where their packages exist. */
export const MASK_DECISION = "system/log/mask";
export const DROP_DECISION = "system/log/drop";
/** An event with a larger input goes without it: so large a one fits into no upload, and few of them fill a buffer. */
export const INPUT_BYTES_MAX = 8 * 1024 * 1024;
/** How long the end of the process waits for the receiver, milliseconds. */
export const FLUSH_MS_MAX = 5_000;

export type DecisionLogOptions = {
  /** `id` of this process and `version` of Regent, and what the operator added. */
  readonly labels: { readonly [label: string]: string };
  /** Rules that say what of an event is masked and which events are dropped; OPA's own unless said otherwise. */
  readonly maskDecision?: string;
  readonly dropDecision?: string;
  /** Whether events say what evaluations read that another run could not read again. */
  readonly ndBuiltinCache?: boolean;
  /** Names of headers that go into `request_context.http.headers`. */
  readonly requestHeaders?: readonly string[];
  /** Takes a line of JSON for each decision. */
  readonly console?: ((line: string) => void) | undefined;
  readonly folder?:
    | { readonly dir: string; readonly fileBytes: number; readonly filesMax: number }
    | undefined;
  readonly upload?: UploadOptions | undefined;
  readonly log: DecisionProcessLog;
  /** Milliseconds that never jump. */
  readonly monotonicMs?: () => number;
  readonly random?: () => number;
  /** {@link FLUSH_MS_MAX} unless said otherwise. */
  readonly flushMs?: number;
};

export type DecisionLogStatus = {
  readonly counts: Counts;
  /** What waits for the receiver. */
  readonly buffer?: DecisionUpload["buffered"];
  /** Of the newest attempt to upload; absent once one has succeeded. */
  readonly lastError?: { readonly at: string; readonly message: string; readonly httpStatus?: number };
  /** Why decisions do not reach the folder. */
  readonly folderTrouble?: string;
};

/** OPA's decision log (https://www.openpolicyagent.org/docs/management-decision-logs). */
export type DecisionLog = {
  /**
   * Takes one decision; masking, compressing and sending happen later.
   * @throws DecisionLogError when it cannot be taken. A full buffer is none of that: the oldest go, and are counted.
   */
  log(event: DecisionEvent): void;
  /** Uploads what waits, whatever the trigger is. @throws UploadError */
  upload(): Promise<void>;
  status(): DecisionLogStatus;
  /** Sends and writes what is left, within {@link FLUSH_MS_MAX}. Never rejects: what is lost is counted and logged. */
  close(): Promise<void>;
};

/** A decision that cannot be logged. */
export class DecisionLogError extends Error {
  override readonly name = "DecisionLogError";
}

/** Opens the log with the sinks that are asked for. @throws Error of the file system when the folder cannot be used */
export async function createDecisionLog(options: DecisionLogOptions): Promise<DecisionLog> {
  const counters = new Counters();
  const { folder, log } = options;
  const opened =
    folder === undefined
      ? undefined
      : await DecisionFolder.open({
          ...folder,
          counters,
          onTrouble: (why) =>
            why === undefined
              ? log.info({ dir: folder.dir }, "decisions are written to the folder again")
              : log.error({ dir: folder.dir }, `decisions cannot be written to ${folder.dir}: ${why}`),
        });
  return new SinkingDecisionLog(options, counters, opened);
}

/** Events become bytes, through the mask where there is one, and the bytes go to every sink. */
class SinkingDecisionLog implements DecisionLog {
  readonly #options: DecisionLogOptions;
  readonly #counters: Counters;
  readonly #format: EventFormat;
  readonly #policies: LogPolicies;
  readonly #masks: MaskQueue;
  readonly #folder: DecisionFolder | undefined;
  readonly #upload: DecisionUpload | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: DecisionLogOptions, counters: Counters, folder: DecisionFolder | undefined) {
    const { upload, log, monotonicMs = () => performance.now(), random = Math.random } = options;
    this.#options = options;
    this.#counters = counters;
    this.#folder = folder;
    this.#format = {
      labels: options.labels,
      ndBuiltinCache: options.ndBuiltinCache ?? false,
      headers: options.requestHeaders ?? [],
    };
    this.#policies = createLogPolicies(options, this.#format, counters, monotonicMs);
    const tellFull = occasionally(
      (heldBack) =>
        log.warn({ heldBack }, "decisions are dropped from the log: too many wait for their mask"),
      monotonicMs,
    );
    this.#masks = new MaskQueue({
      handle: (event) => this.#mask(event),
      onDrop: () => {
        counters.add("decision_logs_dropped_buffer_size_limit_exceeded");
        tellFull();
      },
    });
    this.#upload =
      upload === undefined ? undefined : new DecisionUpload(upload, { counters, log, monotonicMs, random });
  }

  log(event: DecisionEvent): void {
    if (this.#closing !== undefined) {
      this.#counters.add("regent_decision_log_refused_total");
      throw new DecisionLogError("the decision log is closed");
    }
    const bounded = withinBounds(event);
    if (this.#policies.applyTo(event.policies)) this.#masks.push(bounded);
    else this.#deliver(encodeEvent(bounded, visibleOf(bounded, this.#format), this.#format));
    this.#counters.add("regent_decision_log_events_total");
  }

  async upload(): Promise<void> {
    await this.#masks.idle();
    await this.#upload?.upload();
  }

  status(): DecisionLogStatus {
    const last = this.#upload?.lastError;
    const trouble = this.#folder?.trouble;
    return {
      counts: this.#counters.read(),
      ...(this.#upload === undefined ? {} : { buffer: this.#upload.buffered }),
      ...(last === undefined ? {} : { lastError: { at: last.at, ...last.error.facts } }),
      ...(trouble === undefined ? {} : { folderTrouble: trouble }),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { flushMs = FLUSH_MS_MAX, log, folder } = this.#options;
    await this.#masks.idle();
    const [lost = 0] = await Promise.all([this.#folder?.close(), this.#upload?.stop(flushMs)]);
    if (lost > 0) log.error({ dir: folder?.dir, lost }, `${lost} decisions could not be written at the end`);
  }

  async #mask(event: DecisionEvent): Promise<void> {
    const encoded = await this.#policies.judge(event);
    if (encoded !== undefined) this.#deliver(encoded);
  }

  #deliver(event: EncodedEvent): void {
    this.#options.console?.(consoleLine(event.bytes));
    this.#folder?.append(event.bytes);
    this.#upload?.push(event);
  }
}

function createLogPolicies(
  { maskDecision = MASK_DECISION, dropDecision = DROP_DECISION, log }: DecisionLogOptions,
  format: EventFormat,
  counters: Counters,
  monotonicMs: () => number,
): LogPolicies {
  const mask = maskDecision.replace(/^\//, "");
  const drop = dropDecision.replace(/^\//, "");
  return new LogPolicies({
    mask,
    drop,
    maskRequired: mask !== MASK_DECISION,
    dropRequired: drop !== DROP_DECISION,
    format,
    counters,
    onFault: occasionally(
      (heldBack: number, decisionId: string, why: string, code: string) =>
        log.error({ decisionId, heldBack, code }, `a decision is logged without input and result: ${why}`),
      monotonicMs,
    ),
  });
}

function withinBounds(event: DecisionEvent): DecisionEvent {
  if (event.input === undefined || event.input.length <= INPUT_BYTES_MAX) return event;
  const why = `the input is larger than the ${INPUT_BYTES_MAX} bytes that are logged`;
  return {
    ...event,
    input: undefined,
    erased: [...(event.erased ?? []), "/input"],
    custom: { ...event.custom, regent: { erased_because: why } },
  };
}
