import { status } from "@grpc/grpc-js";
import type { Exchange } from "../../exchange/exchange.ts";
import { ANONYMOUS } from "../../exchange/identity.ts";
import type { JsonObject, JsonValue } from "../../exchange/json.ts";
import type { Governor } from "../../pipeline/governor.ts";
import type { CheckRequest } from "../codec.ts";
import { exchangeFromCheckRequest } from "../exchange.ts";
import { handOverMetadata } from "../hand-over.ts";
import { GrpcError } from "../server/grpc-error.ts";
import type { CheckCall, CheckHandler } from "../server/server.ts";
import { parseDecision } from "./decision.ts";
import { governCheck } from "./governance.ts";
import { inputDocument } from "./input.ts";
import { RequestParseError } from "./request-parse-error.ts";
import { renderVerdict, type Verdict } from "./response.ts";

export type CheckOptions = {
  /**
   * - the governance entrypoint: ext_authz alone makes the whole decision;
   * - any other: a policy of the opa-envoy style decides, and ext_proc behind it is told who calls and what was decided;
   * - undefined: nothing is decided here, ext_proc behind it is told who calls. Without ext_proc all would pass.
   */
  readonly entrypoint: string | undefined;
  /** `regent/request/decision` unless configured otherwise. */
  readonly governanceEntrypoint: string;
  /** Answers an allow where the policy denies; requests that cannot be read and failures stay what they are. */
  readonly dryRun: boolean;
  /** Leaves the body out of the input document. */
  readonly skipRequestBodyParse: boolean;
};

/** What Envoy answers when a policy names no status. */
const FORBIDDEN = 403;

export type CheckRooms = {
  /** Absent: no identity is handed over and the governance entrypoint cannot be used. */
  readonly governor?: Pick<Governor, "check" | "identify" | "recordDenial">;
  /** Evaluates an entrypoint on a JSON text. What it throws fails the check. */
  evaluate(entrypoint: string, input: Buffer): Promise<PolicyAnswer>;
};

export type PolicyAnswer = { readonly result: JsonValue | undefined; readonly revision: string };

/** The handler of ext_authz. @throws Error when the options need a governor and there is none */
export function createCheckHandler(options: CheckOptions, rooms: CheckRooms): CheckHandler {
  const decide = chooseDecider(options, rooms);
  return async (check, call) => {
    assertWaitedFor(call);
    return renderVerdict(await decide(check));
  };
}

type Decider = (check: CheckRequest) => Promise<Verdict>;

function chooseDecider(options: CheckOptions, rooms: CheckRooms): Decider {
  const { entrypoint, governanceEntrypoint } = options;
  const { governor } = rooms;
  if (entrypoint === undefined) {
    return async (check) => ({
      allowed: true,
      metadata: handOver(exchangeFromCheckRequest(check, Date.now()), true, "", governor),
    });
  }
  if (entrypoint !== governanceEntrypoint)
    return (check) => decideByPolicy(check, entrypoint, options, rooms);
  if (governor === undefined) throw new Error(`${entrypoint} needs a governor`);
  return (check) => governCheck(check, governor);
}

async function decideByPolicy(
  check: CheckRequest,
  entrypoint: string,
  options: CheckOptions,
  { evaluate, governor }: CheckRooms,
): Promise<Verdict> {
  const input = readInput(check, options);
  if (!Buffer.isBuffer(input)) return input;
  const { result, revision } = await evaluated(() => evaluate(entrypoint, input));
  const decided = parseDecision(result);
  const verdict: Verdict =
    options.dryRun && !decided.allowed ? { ...decided, allowed: true, ok: {} } : decided;
  const exchange = exchangeFromCheckRequest(check, Date.now());
  if (!verdict.allowed) {
    governor?.recordDenial(exchange, {
      entrypoint,
      status: verdict.denied?.status?.code ?? FORBIDDEN,
      revision,
    });
  }
  const own = handOver(exchange, verdict.allowed, revision, governor);
  return { ...verdict, metadata: { ...policyMetadata(decided, governor), ...own } };
}

/** The input document, or the denial of a request of which none can be made: without metadata, also in a dry run. */
function readInput(check: CheckRequest, options: CheckOptions): Buffer | Verdict {
  try {
    return inputDocument(check, options);
  } catch (error) {
    if (!(error instanceof RequestParseError)) throw error;
    const message = `request_parse_error: ${error.message}`;
    return { allowed: false, denied: { status: { code: 400 }, body: message }, message };
  }
}

/** @throws GrpcError UNKNOWN, as opa-envoy-plugin */
async function evaluated(evaluate: () => Promise<PolicyAnswer>): Promise<PolicyAnswer> {
  try {
    return await evaluate();
  } catch (error) {
    throw new GrpcError(status.UNKNOWN, error instanceof Error ? error.message : "evaluation failed", error);
  }
}

/**
 * What a policy adds to the metadata. `regent` is left out also where nothing is handed over: ext_proc would take it for
 * the word of Regent about a caller whom nobody could identify.
 */
function policyMetadata({ metadata }: Verdict, governor: CheckRooms["governor"]): JsonObject {
  if (metadata === undefined || governor === undefined) return metadata ?? {};
  const { regent: _reserved, ...rest } = metadata;
  return rest;
}

/** `decision_id`, and beside it what ext_proc reads. Nothing a policy puts into its metadata replaces either. */
function handOver(
  exchange: Exchange,
  allowed: boolean,
  revision: string,
  governor: CheckRooms["governor"],
): JsonObject {
  const identified = governor?.identify(exchange);
  // Without a governor this is opa-envoy-plugin. Who could not be identified is answered by ext_proc, in the client's
  // dialect; but after a denial there is no more to answer, and ext_proc must know that it was recorded.
  if (identified === undefined) return { decision_id: exchange.id };
  const identity = "identity" in identified ? identified.identity : ANONYMOUS;
  if ("failed" in identified && allowed) return { decision_id: exchange.id };
  return handOverMetadata({ decisionId: exchange.id, allowed, revision, identity });
}

/** Nobody waits for the answer any more: no evaluation for it. */
function assertWaitedFor(call: CheckCall): void {
  if (call.cancelled) throw new GrpcError(status.CANCELLED, "the request was cancelled");
  if (Date.now() >= call.deadlineMs) throw new GrpcError(status.DEADLINE_EXCEEDED, "the deadline is over");
}
