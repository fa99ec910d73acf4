import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nearest } from "../../document/nearest.ts";
import { packageOf } from "../bundle/rego.ts";
import { policyInputJsonSchema } from "../input.ts";
import { adviceOn } from "../opa/advice.ts";
import { CAPABILITIES_FILE, OpaError, runOpa } from "../opa/opa.ts";
import { opaArgument, type Source } from "../opa/sources.ts";
import { inOrder, type PolicyFinding } from "./finding.ts";
import { parseModules } from "./module.ts";
import { isRulePackage, ruleFaults } from "./rule-form.ts";

/** An error as `opa check --format json` gives it. */
type OpaFault = {
  readonly message: string;
  readonly code: string;
  readonly location?: { readonly file: string; readonly row: number; readonly col: number };
  readonly details?: {
    readonly oneOf?: readonly string[];
    readonly ref?: readonly { readonly value: unknown }[];
    /** Which part of `ref` is the wrong one. */
    readonly pos?: number;
  };
};

/**
 * Everything for which policies do not become a bundle: what {@link compileFaults} finds, and where that is nothing the
 * packages and names of rules that nobody would ask, whatever their conditions.
 * @throws OpaError when OPA itself fails
 */
export async function checkPolicies(
  opa: string,
  sources: readonly Source[],
): Promise<readonly PolicyFinding[]> {
  const faults = await compileFaults(opa, sources);
  // What does not compile has no tree to look at.
  if (faults.length > 0) return faults;
  const modules = await parseModules(
    opa,
    sources.filter(isRule).map(({ path }) => path),
  );
  return inOrder(modules.flatMap(ruleFaults));
}

function isRule({ kind, content }: Source): boolean {
  return kind === "policy" && isRulePackage(packageOf(content.toString("utf8"))?.split("/") ?? []);
}

/**
 * What OPA finds wrong in strict mode, with no builtins but Regent's; and in packages `regent.*`, which are asked with
 * the policy contract, every reference that the contract's input does not have.
 * @throws OpaError when OPA itself fails
 */
export async function compileFaults(
  opa: string,
  sources: readonly Source[],
): Promise<readonly PolicyFinding[]> {
  const plain = await check(opa, sources, []);
  if (plain.length > 0) return inOrder(plain.map(findingOf));
  const folder = await mkdtemp(join(tmpdir(), "regent-check-"));
  try {
    const schema = join(folder, "input.json");
    await writeFile(schema, JSON.stringify(policyInputJsonSchema()));
    const governed = governedFiles(sources);
    const faults = await check(opa, sources, ["--schema", schema]);
    return inOrder(faults.filter(({ location }) => governed.has(location?.file ?? "")).map(findingOf));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function check(
  opa: string,
  sources: readonly Source[],
  options: readonly string[],
): Promise<readonly OpaFault[]> {
  const args = ["check", "--strict", "--max-errors", "0", "--capabilities", CAPABILITIES_FILE];
  const run = await runOpa(opa, [
    ...args,
    ...["--format", "json", ...options],
    "--",
    ...sources.map(opaArgument),
  ]);
  if (run.status === 0) return [];
  const text = run.stdout.trim() || run.stderr.trim();
  try {
    return (JSON.parse(text) as { errors: readonly OpaFault[] }).errors;
  } catch (error) {
    throw new OpaError(text, { cause: error });
  }
}

/** The files whose package is asked with the policy contract: their `input` is known. */
function governedFiles(sources: readonly Source[]): ReadonlySet<string> {
  const policies = sources.filter(({ kind }) => kind === "policy");
  return new Set(
    policies
      .filter(({ content }) => /^package\s+regent\b/m.test(content.toString("utf8")))
      .map(({ path }) => path),
  );
}

function findingOf({ message, code, location, details }: OpaFault): PolicyFinding {
  const known = details?.oneOf ?? [];
  const wrong = details?.ref?.[details.pos ?? 0]?.value;
  const meant = typeof wrong === "string" ? nearest(wrong, known) : undefined;
  const advice = adviceOn(message).replaceAll("\n", " ");
  return {
    file: location?.file ?? "",
    row: location?.row ?? 1,
    column: location?.col ?? 1,
    severity: "error",
    code: code.replace(/^rego_|_error$/g, ""),
    message:
      message +
      (meant === undefined ? "" : `; did you mean ${meant}?`) +
      (advice === "" ? "" : `; ${advice}`),
  };
}
