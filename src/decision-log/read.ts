import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { isJsonObject, type JsonObject, type JsonValue } from "../exchange/json.ts";
import { INPUT_BYTES_MAX } from "./decision-log.ts";
import { decisionFiles } from "./folder.ts";
import { isRawNumber, parseLossless } from "./lossless-json.ts";

/** A line with the largest input that is logged, and as much again beside it. */
export const LINE_BYTES_MAX = 2 * INPUT_BYTES_MAX;

/** A decision as it was logged, ready to be made again. */
export type LoggedDecision = {
  /** `FILE:LINE` */
  readonly place: string;
  readonly decisionId: string;
  /** That of the request, for an answer. */
  readonly batchDecisionId?: string;
  readonly entrypoint: string;
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
};

export class DecisionLogReadError extends Error {
  override readonly name = "DecisionLogReadError";
}

/**
 * Decisions of a folder that `decisionLogs.dir` names, or of one file of JSON lines, oldest first. Lines of OPA's console
 * log can be read too. The last line of a file may be half there when the process was killed: it is told and passed by.
 * @throws DecisionLogReadError that names file and line, or the error of the file system
 */
export async function* readDecisionLog(
  path: string,
  onHalfLine: (place: string) => void = () => {},
): AsyncGenerator<LoggedDecision> {
  const isFolder = (await stat(path)).isDirectory();
  const files = isFolder ? (await decisionFiles(path)).map((name) => join(path, name)) : [path];
  for (const file of files) yield* readFile(file, onHalfLine);
}

async function* readFile(file: string, onHalfLine: (place: string) => void): AsyncGenerator<LoggedDecision> {
  let number = 0;
  for await (const { bytes, ended } of linesOf(file)) {
    number += 1;
    const place = `${file}:${number}`;
    if (bytes.length === 0) continue;
    const decision = parseLine(bytes.toString("utf8"), place);
    if (!(decision instanceof DecisionLogReadError)) yield decision;
    else if (ended) throw decision;
    else onHalfLine(place);
  }
}

type Line = { readonly bytes: Buffer; readonly ended: boolean };

async function* linesOf(file: string): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      yield { bytes: Buffer.concat([...parts, chunk.subarray(start, end)]), ended: true };
      parts = [];
      length = 0;
      start = end + 1;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > LINE_BYTES_MAX)
      throw new DecisionLogReadError(
        `${file} has a line of more than ${LINE_BYTES_MAX} bytes: it is no decision log`,
      );
  }
  if (length > 0) yield { bytes: Buffer.concat(parts), ended: false };
}

const LF = 0x0a;

function parseLine(text: string, place: string): LoggedDecision | DecisionLogReadError {
  let event: JsonValue;
  try {
    event = parseLossless(text);
  } catch (error) {
    return new DecisionLogReadError(`${place} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isJsonObject(event) || typeof event.decision_id !== "string" || typeof event.path !== "string")
    return new DecisionLogReadError(`${place} is no decision: it has no decision_id or no path`);
  const { decision_id, batch_decision_id, path, timestamp, bundles, input, result, error } = event;
  return {
    place,
    decisionId: decision_id,
    ...(typeof batch_decision_id === "string" ? { batchDecisionId: batch_decision_id } : {}),
    entrypoint: path,
    timestamp: String(timestamp),
    bundles: plain(bundles) ?? {},
    input: input === undefined ? undefined : Buffer.from(JSON.stringify(input)),
    result: plain(result),
    error: isJsonObject(error) ? error : undefined,
    nondeterministic: recorded(event.nd_builtin_cache),
    changed: [...stringsOf(event.erased), ...stringsOf(event.masked)].filter((name) => REPLAYED.test(name)),
  };
}

const REPLAYED = /^\/(input|nd_builtin_cache)(\/|$)/;

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
