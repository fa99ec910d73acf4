/** The log that the policy room writes to; pino's loggers fit. */
export type PolicyLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

/** Lines a second that policies may print into the log; `print` is for trying things out, not for traffic. */
export const PRINTED_LINES_PER_SECOND_MAX = 50;

/** Writes what policies print to the log, at a bounded rate. The first line after a pause says how many were left out. */
export function printToLog(
  log: PolicyLog,
  bundle: string,
  nowMs: () => number = Date.now,
): (line: string) => void {
  let second = 0;
  let lines = 0;
  let dropped = 0;
  return (line) => {
    const now = Math.floor(nowMs() / 1000);
    if (now !== second) {
      second = now;
      lines = 0;
    }
    lines += 1;
    if (lines > PRINTED_LINES_PER_SECOND_MAX) {
      dropped += 1;
      return;
    }
    log.info({ bundle, ...(dropped === 0 ? {} : { dropped }) }, `policy printed: ${line}`);
    dropped = 0;
  };
}
