import { readFileSync } from "node:fs";
import { type CrossCheck, type Parsed, parseDocument } from "../document/document.ts";
import { type Fault, renderFault, renderPath } from "../document/fault.ts";
import { crossCheck, keyWarnings } from "./checks.ts";
import { type Environment, substituteEnvironment, unsetWarnings } from "./environment.ts";
import { type Override, parseSet, parseSetFile, withOverrides } from "./overrides.ts";
import { remoteOverrides } from "./remote.ts";
import { type OpaDocument, opaSchema } from "./schema.ts";

/** Every fault of a configuration of OPA, with its place. */
export class OpaConfigError extends Error {
  override readonly name = "OpaConfigError";
  readonly faults: readonly Fault[];
  /** What there is to say besides; none where the text cannot be parsed. */
  readonly warnings: readonly Fault[];

  constructor(faults: readonly Fault[], warnings: readonly Fault[] = []) {
    super(faults.map(renderFault).join("\n"));
    this.faults = faults;
    this.warnings = warnings;
  }
}

export type OpaSources = {
  /** The file of `--opa-config`. */
  readonly file: string;
  /** `--set`, in the order of the command line; they win over the file, and `--set-file` over them. */
  readonly set: readonly string[];
  readonly setFile: readonly string[];
  /** URLs of bundles on the command line. */
  readonly remotes?: readonly string[];
  readonly environment: Environment;
};

/** A configuration that can be used, and what its writer should know. */
export type Loaded = {
  readonly document: OpaDocument;
  /** As written, with the overrides and without defaults: what discovery is merged into. */
  readonly raw: unknown;
  readonly warnings: readonly Fault[];
};

/**
 * Reads OPA's configuration as `opa run --config-file --set --set-file` does.
 * @throws OpaConfigError with every fault at once, OverrideError, the error of the file system
 */
export function loadOpaConfig({ file, set, setFile, remotes = [], environment }: OpaSources): Loaded {
  const overrides = [
    ...set.flatMap((text) => parseSet(text, environment)),
    ...remoteOverrides(remotes),
    ...setFile.flatMap((text) => parseSetFile(text, (path) => readFileSync(path, "utf8"))),
  ];
  const text = readFileSync(file, "utf8");
  const loaded = parseOpaConfig(substituteEnvironment(text, environment), file, overrides);
  return { ...loaded, warnings: [...unsetWarnings(text, file, environment), ...loaded.warnings] };
}

/** Checks the text of a configuration, JSON or YAML. @throws OpaConfigError */
export function parseOpaConfig(text: string, file: string, overrides: readonly Override[] = []): Loaded {
  let raw: unknown;
  let warnings: readonly Fault[] = [];
  const placed = (fault: Fault): Fault => placeOf(fault, overrides);
  const keep: CrossCheck = (document, faultAt) => {
    raw = document;
    warnings = keyWarnings(document, faultAt).map(placed);
    return crossCheck(document, faultAt);
  };
  const parsed: Parsed<OpaDocument> = parseDocument(text, file, opaSchema, keep, (document) =>
    withOverrides(document, overrides),
  );
  if (!parsed.ok) throw new OpaConfigError(parsed.faults.map(placed), warnings);
  return { document: parsed.value, raw, warnings };
}

/** What an option of the command line sets is at fault there, not in the file. */
function placeOf(fault: Fault, overrides: readonly Override[]): Fault {
  const from = overrides.findLast(({ path }) => {
    const set = renderPath(path);
    return fault.path === set || fault.path.startsWith(`${set}.`) || fault.path.startsWith(`${set}[`);
  });
  return from === undefined ? fault : { ...fault, file: from.option, line: 1, column: 1 };
}
