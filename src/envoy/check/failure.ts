import { status } from "@grpc/grpc-js";
import { RegentError } from "../../exchange/errors.ts";
import { GrpcError } from "../server/grpc-error.ts";

/** Why a check failed, in the words of opa-envoy-plugin's `error_counter`; Rego's own errors have codes of OPA. */
export type FailureReason =
  | "request_parse_error"
  | "check_request_timeout"
  | "check_request_cancelled"
  | "envoyauth_eval_error"
  | "envoyauth_result_error"
  | "unknown_log_error"
  | "eval_cancel_error"
  | "eval_conflict_error";

/** A check that came to no decision. For Envoy that is a failed call. */
export class CheckFailure extends GrpcError {
  readonly reason: FailureReason;

  constructor(reason: FailureReason, message: string, code: status = status.UNKNOWN, cause?: unknown) {
    super(code, message, cause);
    this.reason = reason;
  }

  /** Whatever an evaluation threw. */
  static ofEvaluation(error: unknown): CheckFailure {
    if (error instanceof CheckFailure) return error;
    const message = error instanceof Error ? error.message : "evaluation failed";
    return new CheckFailure(evaluationReason(error), message, status.UNKNOWN, error);
  }
}

function evaluationReason(error: unknown): FailureReason {
  if (!(error instanceof RegentError)) return "envoyauth_eval_error";
  if (error.code === "policy_timeout") return "eval_cancel_error";
  // The message of OPA's compiled `opa_abort` for two values of one complete rule.
  const cause = error.cause instanceof Error ? error.cause.message : "";
  return cause.includes("multiple outputs") || cause.includes("conflict")
    ? "eval_conflict_error"
    : "envoyauth_eval_error";
}
