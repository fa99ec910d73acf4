/** One thing that is wrong in a document, and where. */
export type Fault = {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** `routes[0].match.path`; empty for the whole document. */
  readonly path: string;
  /** `config/unknown-field` and the like. */
  readonly code: string;
  readonly message: string;
  readonly severity: "error" | "warning";
};

export type FaultPath = readonly PropertyKey[];

/** Makes a fault at the value that `path` names, or at its nearest ancestor that exists. `code` comes without `config/`. */
export type FaultAt = (path: FaultPath, code: string, message: string, severity?: Fault["severity"]) => Fault;

/** `regent.yaml:14:7 error config/unknown-field policies[0].entrypiont: unknown field; did you mean "entrypoint"?` */
export function renderFault(fault: Fault): string {
  const path = fault.path === "" ? "" : ` ${fault.path}`;
  return `${fault.file}:${fault.line}:${fault.column} ${fault.severity} ${fault.code}${path}: ${fault.message}`;
}

/** `routes[0].match.path` */
export function renderPath(path: FaultPath): string {
  let text = "";
  for (const step of path) {
    if (typeof step === "number") text += `[${step}]`;
    else text += `${text === "" ? "" : "."}${String(step)}`;
  }
  return text;
}
