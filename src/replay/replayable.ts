import type { LoggedDecision } from "../decision-log/read.ts";
import { isJsonObject, type JsonObject } from "../exchange/json.ts";
import { type Reads, readsOf } from "../exchange/reads.ts";

/** Why a decision is not made again. */
export type NotReplayed =
  /** A query was logged and no rule. */
  | "no_entrypoint"
  /** The policies do not have the entrypoint. */
  | "entrypoint_absent"
  /** The log holds no input, so that nothing says what was decided about. */
  | "input_missing"
  /** The body was left out of the log, and the policies read it. */
  | "body_left_out"
  /** A mask erased or changed what the policies read. */
  | "input_masked"
  /** A mask erased or changed the verdict, so that there is nothing to compare with. */
  | "result_masked"
  /** There was no decision but an error. */
  | "recorded_error"
  /** The policies ask for a time or a random value that was not logged. */
  | "nondeterministic_missing"
  /** The same event is in the log twice: a receiver is sent a chunk again when its answer was lost. */
  | "duplicate";

/** How the log names the body that it leaves out unless the audit is full. */
const BODY = "/input/request/body";

/** What can be known before the policies are asked. */
export function notReplayable(decision: LoggedDecision, reads: Reads): NotReplayed | undefined {
  if (decision.error !== undefined) return "recorded_error";
  if (decision.changedResult.some(hidesVerdict)) return "result_masked";
  const missing = decision.changed.filter((path) => isInput(path) && isRead(path, reads));
  if (missing.length > 0) return missing.every((path) => path === BODY) ? "body_left_out" : "input_masked";
  return decision.input === undefined && readsAnything(reads) ? "input_missing" : undefined;
}

function hidesVerdict(path: string): boolean {
  return path === "/result" || path === "/result/allow" || path === "/result/allowed";
}

function isInput(path: string): boolean {
  return path === "/input" || path.startsWith("/input/");
}

function readsAnything(reads: Reads): boolean {
  return reads === true || Object.keys(reads).length > 0;
}

/** Whether a policy may read what stands at a path of the event, or something in it. */
function isRead(path: string, reads: Reads): boolean {
  let at: Reads | undefined = reads;
  for (const part of path.split("/").slice(2).map(decoded)) {
    if (at === true) return true;
    // Elements of lists are not told apart.
    if (/^\d+$/.test(part)) return readsAnything(at);
    at = readsOf(at, part);
    if (at === undefined) return false;
  }
  return path !== "/input" || readsAnything(reads);
}

/** Masks name members as a URL does. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/**
 * Whether an evaluation asked for something that the log does not have: it got a new time or another random number, and
 * says nothing about what would have been.
 */
export function askedBeyond(asked: JsonObject | undefined, recorded: JsonObject | undefined): boolean {
  return Object.entries(asked ?? {}).some(([builtin, calls]) => {
    const known = recorded !== undefined && Object.hasOwn(recorded, builtin) ? recorded[builtin] : undefined;
    if (!isJsonObject(calls)) return true;
    return Object.keys(calls).some((args) => !isJsonObject(known) || !Object.hasOwn(known, args));
  });
}
