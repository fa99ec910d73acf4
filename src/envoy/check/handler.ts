import { status } from "@grpc/grpc-js";
import type { Exchange } from "../../exchange/exchange.ts";
import { ANONYMOUS } from "../../exchange/identity.ts";
import type { JsonObject } from "../../exchange/json.ts";
import type { Governor, Identified } from "../../pipeline/governor.ts";
import type { CheckRequest } from "../codec.ts";
import { exchangeFromCheckRequest } from "../exchange.ts";
import { handOverMetadata } from "../hand-over.ts";
import type { CheckCall, CheckHandler, CheckHandler2 } from "../server/server.ts";
import { type DecisionPath, parseDecisionPath } from "./decision-path.ts";
import { governCheck } from "./governance.ts";
import { type InputOptions, inputDocument, inputDocument2 } from "./input.ts";
import { type Asked, assertWaitedFor, checkByPolicy, type PolicyCheckRooms } from "./policy-check.ts";
import { renderVerdict, renderVerdict2, type Verdict } from "./response.ts";

export type CheckOptions = InputOptions & {
  /**
   * - the governance entrypoint: ext_authz alone makes the whole decision;
   * - any other path of a decision (see {@link parseDecisionPath}): a policy of the opa-envoy style decides, and ext_proc
   *   behind it is told who calls and what was decided;
   * - undefined: nothing is decided here, ext_proc behind it is told who calls. Without ext_proc all would pass.
   */
  readonly entrypoint: string | undefined;
  /** `regent/request/decision` unless configured otherwise. */
  readonly governanceEntrypoint: string;
  /** Answers an allow where the policy denies; requests that cannot be read and failures stay what they are. */
  readonly dryRun: boolean;
};

export type CheckRooms = PolicyCheckRooms & {
  /** Absent: no identity is handed over and the governance entrypoint cannot be used. */
  readonly governor?: Pick<Governor, "check" | "identify" | "recordDenial">;
};

/** What answers ext_authz, in version 3 and in version 2 of its protocol. */
export type CheckHandlers = { readonly check: CheckHandler; readonly check2: CheckHandler2 };

/** What Envoy answers when a policy names no status. */
const FORBIDDEN = 403;

/** @throws Error when the options need a governor and there is none */
export function createCheckHandlers(options: CheckOptions, rooms: CheckRooms): CheckHandlers {
  const { entrypoint, governanceEntrypoint } = options;
  const { governor } = rooms;
  const path = parseDecisionPath(entrypoint ?? "");
  if (entrypoint === undefined) {
    return { check: v3((check) => handOverOnly(check, governor)), check2: refuse2 };
  }
  if (entrypoint === governanceEntrypoint) {
    if (governor === undefined) throw new Error(`${entrypoint} needs a governor`);
    return { check: v3((check) => governCheck(check, governor)), check2: refuse2 };
  }
  return {
    check: async (check, call) => {
      const asked: Asked = {
        exchange: exchangeFromCheckRequest(check, Date.now()),
        input: (inputOptions) => inputDocument(check, inputOptions),
      };
      return renderVerdict(await decideByPolicy(asked, call, path, options, rooms));
    },
    check2: async (check, call) => {
      const asked: Asked = {
        exchange: exchangeFromCheckRequest(check, Date.now()),
        input: (inputOptions) => inputDocument2(check, inputOptions),
      };
      return renderVerdict2(await decideByPolicy(asked, call, path, options, rooms));
    },
  };
}

function v3(decide: (check: CheckRequest) => Promise<Verdict>): CheckHandler {
  return async (check, call) => {
    assertWaitedFor(call);
    return renderVerdict(await decide(check));
  };
}

/**
 * Version 2 has no metadata to hand over and no words for removing a header, so whatever Regent itself decides could not
 * be carried out: a denial, which Envoy keeps also where it is told to let failed calls pass.
 */
const refuse2: CheckHandler2 = async () =>
  renderVerdict2({
    allowed: false,
    code: status.FAILED_PRECONDITION,
    message: "ext_authz v2 cannot be governed: set transport_api_version: V3",
    denied: { status: { code: 500 }, body: '{"error":{"code":"config_mismatch"}}' },
  });

async function handOverOnly(check: CheckRequest, governor: CheckRooms["governor"]): Promise<Verdict> {
  const exchange = exchangeFromCheckRequest(check, Date.now());
  return {
    allowed: true,
    metadata: handOver(exchange, governor?.identify(exchange), { allowed: true, revision: "" }),
  };
}

async function decideByPolicy(
  asked: Asked,
  call: CheckCall,
  path: DecisionPath,
  options: CheckOptions,
  rooms: CheckRooms,
): Promise<Verdict> {
  const { exchange } = asked;
  const { governor } = rooms;
  const identified = governor?.identify(exchange);
  const { verdict: decided, revision } = await checkByPolicy(
    asked,
    call,
    identified,
    { ...options, path },
    rooms,
  );
  // What could not be read is opa-envoy-plugin's own answer: nothing is handed over and no policy stands behind it.
  if (decided.unreadable) return decided;
  const verdict = options.dryRun ? passed(decided) : decided;
  if (!verdict.allowed) {
    const code = verdict.denied?.status?.code ?? FORBIDDEN;
    governor?.recordDenial(exchange, { entrypoint: path.join("/"), status: code, revision });
  }
  const dryRun = options.dryRun ? { dryRun: decided.allowed ? ("allow" as const) : ("deny" as const) } : {};
  const own = handOver(exchange, identified, { allowed: verdict.allowed, revision, ...dryRun });
  return { ...verdict, metadata: { ...policyMetadata(decided, governor), ...own } };
}

/** A dry run passes what the policy denies, but nothing that went wrong. */
function passed(decided: Verdict): Verdict {
  return decided.allowed || decided.code !== undefined ? decided : { ...decided, allowed: true, ok: {} };
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

type Decided = { readonly allowed: boolean; readonly revision: string; readonly dryRun?: "allow" | "deny" };

/** `decision_id`, and beside it what ext_proc reads. Nothing a policy puts into its metadata replaces either. */
function handOver(exchange: Exchange, identified: Identified | undefined, decided: Decided): JsonObject {
  // Without a governor this is opa-envoy-plugin. Who could not be identified is answered by ext_proc, in the client's
  // dialect; but after a denial there is no more to answer, and ext_proc must know that it was recorded.
  if (identified === undefined) return { decision_id: exchange.id };
  const identity = "identity" in identified ? identified.identity : ANONYMOUS;
  if ("failed" in identified && decided.allowed) return { decision_id: exchange.id };
  return handOverMetadata({ decisionId: exchange.id, identity, ...decided });
}
