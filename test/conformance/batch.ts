/**
 * Starting OPA takes longer than compiling a case, so cases are compiled many at a time. Each gets a root of its own:
 * `package p` becomes `package case7.p`, and `data` becomes `data.case7` wherever it is the document and not a name.
 */
import type { Job } from "./job.ts";

/** Strings and comments, which stay as they are, or a reference to the data document. */
const TOKENS = /"(?:[^"\\\n]|\\.)*"|`[^`]*`|#[^\n]*|(?<![\w.])data\b/g;
const PACKAGE = /^(\s*package\s+)/m;
/** Annotations name packages in comments, templates hold references in strings, paths may be results. */
const KEEPS_ITS_ROOT = /METADATA|\$["`]|rego\.metadata|^\s*import\s+data\s*$/m;

/** Whether a case means the same under a root of its own. */
export function isMovable({ modules }: Job): boolean {
  return (
    modules.length > 0 && modules.every((module) => PACKAGE.test(module) && !KEEPS_ITS_ROOT.test(module))
  );
}

/** A case under a root. */
export function moved(job: Job, root: string): Job {
  return {
    ...job,
    modules: job.modules.map((module) =>
      module
        .replace(TOKENS, (token) => (token === "data" ? `data.${root}` : token))
        .replace(PACKAGE, `$1${root}.`),
    ),
    data: `{${JSON.stringify(root)}:${job.data}}`,
    path: [root, ...job.path],
  };
}

/** Cases in one: their data documents have different roots. */
export function mergedData(jobs: readonly Job[]): string {
  const members = jobs.map(({ data }) => data.slice(1, -1)).filter((text) => text !== "");
  return `{${members.join(",")}}`;
}
