import { RegentError } from "../exchange/errors.ts";

/** What a person needs to read of an error: its cause where it has only a code itself. */
export function faultOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof RegentError && error.cause instanceof Error ? error.cause.message : error.message;
}
