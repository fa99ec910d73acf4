import { CommandFailure } from "./failure.ts";

/** The failure of a request to a running sidecar that nobody answered, with what to look at next. */
export function unreachable(url: string, error: unknown): CommandFailure {
  const next = "is the sidecar running (regent serve, regent run), and is this its address (--url)?";
  return new CommandFailure(`${url} cannot be asked: ${reasonOf(error)}; ${next}`, undefined, {
    cause: error,
  });
}

/** fetch hides the reason in `cause`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}
