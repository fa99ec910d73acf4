import { RegentError } from "../exchange/errors.ts";

/**
 * Runs what reads or writes an answer. There a fault of the body is the upstream's.
 *
 * @throws RegentError upstream_invalid in the place of body_invalid and translation_unsupported
 */
export function blamingUpstream<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const { code, detail } = RegentError.from(error);
    if (code !== "body_invalid" && code !== "translation_unsupported") throw error;
    throw new RegentError("upstream_invalid", detail, { cause: error });
  }
}

/** Statuses from here on are errors, whose bodies need not be of the dialect. */
export const FIRST_ERROR_STATUS = 400;

/** What is told of an error whose body says nothing that can be carried. */
export function bareFailure(status: number): string {
  return `The server answered with status ${status}.`;
}
