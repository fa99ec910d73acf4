import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { EVENT_BYTES_MAX, type EventText, eventTexts } from "./event-texts.ts";
import { decisionFiles } from "./folder.ts";
import { isRawNumber, parseLossless } from "./lossless-json.ts";

/** A decision as it was logged, ready to be made again. */
export type LoggedDecision = {
  /** `FILE:LINE` */
  readonly place: string;
  readonly decisionId: string;
  /** That of the request, for an answer. */
  readonly batchDecisionId?: string;
  /** Undefined: a query was asked and not a rule. */
  readonly entrypoint: string | undefined;
  /** RFC 3339. */
  readonly timestamp: string;
  readonly bundles: JsonValue;
  /** JSON, every number as it was logged. Undefined: it was not logged, or there was none. */
  readonly input: Buffer | undefined;
  readonly result: JsonValue | undefined;
  readonly error: JsonObject | undefined;
  /** For `evaluate(…, replay)`: integers that JavaScript cannot hold as text. */
  readonly nondeterministic: JsonObject | undefined;
  /**
   * What of the input and of the recorded values is not as policy saw it, by its path in the event: left out
   * (`/input/request/body`), erased or masked. Another evaluation that reads it may answer otherwise because of that.
   */
  readonly changed: readonly string[];
  /** The same of the result: `/result/token`. */
  readonly changedResult: readonly string[];
};

/** What stands in a log and is no decision. */
export type UnreadableEvent = {
  /** `FILE:LINE`, or the file where it is the file itself. */
  readonly place: string;
  readonly why: string;
};

export type ReadOptions = {
  /** Told of each place that cannot be read; what stands behind it is read all the same. */
  readonly onUnreadable: (event: UnreadableEvent) => void;
  /** Give only events that hold this text; undefined: all. A cheap look before an event is parsed. */
  readonly holding?: string;
};

/**
 * Decisions of a folder (the one that `decisionLogs.dir` names, or one of files `*.json`, `*.jsonl`, `*.ndjson`, `*.log`
 * and `*.gz`, in the order of their names) or of one file: JSON lines, JSON arrays as OPA uploads them, or gzip of
 * either. In lines of OPA's console log what is no decision is passed by. Holds one event at a time.
 * @throws the error of the file system when there is no such file or folder
 */
export async function* readDecisionLog(path: string, options: ReadOptions): AsyncGenerator<LoggedDecision> {
  for (const file of await filesOf(path)) yield* readFile(file, options);
}

async function filesOf(path: string): Promise<readonly string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const written = await decisionFiles(path);
  const names =
    written.length > 0 ? written : (await readdir(path)).filter((name) => LOG_FILE.test(name)).sort();
  return names.map((name) => join(path, name));
}

/** What else may hold decisions: uploads as a receiver kept them, and what a console printed. */
const LOG_FILE = /\.(json|jsonl|ndjson|log)(\.gz)?$|\.gz$/;

async function* readFile(
  file: string,
  { onUnreadable, holding }: ReadOptions,
): AsyncGenerator<LoggedDecision> {
  try {
    for await (const text of eventTexts(file)) {
      if (holding !== undefined && !text.bytes.includes(holding)) continue;
      const place = `${file}:${text.line}`;
      const decision = parseEvent(text, place);
      if (typeof decision === "string") onUnreadable({ place, why: decision });
      else if (decision !== undefined) yield decision;
    }
  } catch (error) {
    // A file that is cut off, or is deleted because newer ones have come. What it held up to there was read.
    onUnreadable({ place: file, why: (error as Error).message });
  }
}

/** A decision; undefined for a line of a process log; or why it is neither. */
function parseEvent(
  { bytes, ended, tooLong }: EventText,
  place: string,
): LoggedDecision | string | undefined {
  if (tooLong) return `it is longer than ${EVENT_BYTES_MAX} bytes`;
  try {
    return decisionOf(parseLossless(bytes.toString("utf8")), place);
  } catch (error) {
    const cut = ended ? "" : ", and the file ends in it: the process was killed, or the log is still written";
    return `it is not JSON: ${(error as Error).message}${cut}`;
  }
}

function decisionOf(event: JsonValue, place: string): LoggedDecision | string | undefined {
  if (isProcessLogLine(event)) return undefined;
  if (!isJsonObject(event) || typeof event.decision_id !== "string")
    return "it is no decision: it has no decision_id";
  const { decision_id, batch_decision_id, path, query, timestamp, bundles, input, result, error } = event;
  if (typeof path !== "string" && typeof query !== "string")
    return "it is no decision: it has neither path nor query";
  const changed = [...stringsOf(event.erased), ...stringsOf(event.masked)];
  return {
    place,
    decisionId: decision_id,
    ...(typeof batch_decision_id === "string" ? { batchDecisionId: batch_decision_id } : {}),
    entrypoint: typeof path === "string" ? path.replace(/^\/+/, "") : undefined,
    timestamp: String(timestamp),
    bundles: plain(bundles) ?? {},
    input: input === undefined ? undefined : Buffer.from(JSON.stringify(input)),
    result: plain(result),
    error: isJsonObject(error) ? error : undefined,
    nondeterministic: recorded(event.nd_builtin_cache),
    changed: changed.filter((name) => REPLAYED.test(name)),
    changedResult: changed.filter((name) => RESULT.test(name)),
  };
}

/** OPA writes decisions to the same console as what it says about itself. */
function isProcessLogLine(event: JsonValue): boolean {
  return (
    isJsonObject(event) &&
    typeof event.level === "string" &&
    typeof event.msg === "string" &&
    event.decision_id === undefined
  );
}

const REPLAYED = /^\/(input|nd_builtin_cache)(\/|$)/;
const RESULT = /^\/result(\/|$)/;

function stringsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** Numbers as JavaScript holds them, as in the result of an evaluation. */
function plain(value: JsonValue | undefined): JsonValue | undefined {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as JsonValue);
}

function recorded(cache: JsonValue | undefined): JsonObject | undefined {
  if (!isJsonObject(cache)) return undefined;
  const text = JSON.stringify(cache, (_key, value) => (isWholeNumber(value) ? JSON.stringify(value) : value));
  return JSON.parse(text) as JsonObject;
}

function isWholeNumber(value: unknown): boolean {
  return isRawNumber(value) && /^\d+$/.test(JSON.stringify(value));
}
