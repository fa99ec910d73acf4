/** One thing that must be so before requests may come: the policy is loaded, the log can be written, nobody is leaving. */
export type Check = {
  readonly name: string;
  /** Undefined while all is well; else why not, in a few words. */
  fault(): string | undefined;
  /** Something to know that does not stand in the way of requests; undefined while there is nothing. */
  detail?(): string | undefined;
};

export type CheckResult = {
  readonly name: string;
  readonly fault: string | undefined;
  readonly detail?: string | undefined;
};

/** Asks every check. One that throws has failed. */
export function askAll(checks: readonly Check[]): CheckResult[] {
  return checks.map((check) => {
    try {
      return { name: check.name, fault: check.fault(), detail: check.detail?.() };
    } catch (error) {
      return { name: check.name, fault: error instanceof Error ? error.message : String(error) };
    }
  });
}

export function isReady(results: readonly CheckResult[]): boolean {
  return results.every(({ fault }) => fault === undefined);
}
