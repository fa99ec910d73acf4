/** Something that is wrong, or may be, with a policy file. Rows and columns begin at 1. */
export type PolicyFinding = {
  readonly file: string;
  readonly row: number;
  readonly column: number;
  readonly severity: "error" | "warning";
  /** Stable: `type`, `format`, `negation`… */
  readonly code: string;
  readonly message: string;
};

/** By file and place. */
export function inOrder(findings: readonly PolicyFinding[]): readonly PolicyFinding[] {
  return findings.toSorted(
    (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.row - b.row || a.column - b.column,
  );
}
