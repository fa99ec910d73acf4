import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { KIND_STATUS, type Kind } from "../../src/exchange/decision.ts";
import { CAPABILITIES_FILE, findOpa, type OpaRun, runOpa } from "../../src/policy/opa/opa.ts";
import { collectSources, DEFAULT_IGNORE, opaArgument } from "../../src/policy/opa/sources.ts";

/** The shipped policies. */
export const POLICIES = fileURLToPath(new URL("../../policies/", import.meta.url));
/** Their docs, a page a rule. */
export const POLICY_DOCS = fileURLToPath(new URL("../../docs/policies/", import.meta.url));
/**
 * What the demo's bundle is made of, and what of it is left out: as `make setup` builds it. From the working folder,
 * because a compiled policy holds the paths that it was built from, and its revision follows from them.
 */
export const DEMO_BUNDLE = {
  paths: [".", "demo", "examples/envoy_authz"].map((path) => relative("", join(POLICIES, path)) || "."),
  ignore: [...DEFAULT_IGNORE, "demo", "examples"],
};
/** The shipped rules with data under which each has something to refuse. */
export const COMPLIANCE_BUNDLE = {
  paths: [".", "examples/compliance"].map((path) => relative("", join(POLICIES, path)) || "."),
  ignore: [...DEFAULT_IGNORE, "demo", "examples"],
};
/** OPA's commands that compile take Regent's builtins and no others. */
export const CAPABILITIES = ["--capabilities", CAPABILITIES_FILE];

/** A code that the shipped policies give, as the METADATA of the package that gives it has it. */
export type PolicyCode = {
  readonly code: string;
  readonly kind: Kind;
  /** HTTP status; undefined for a warning, which refuses nothing. */
  readonly status: number | undefined;
  /** `category/rule`, or `regent` for composition. */
  readonly policy: string;
};

/** A package of the shipped policies and its METADATA. */
type Annotated = {
  readonly annotations: {
    readonly scope: string;
    readonly title?: string;
    readonly description?: string;
    readonly custom?: { readonly category?: string; readonly codes?: readonly Annotation[] };
  };
  readonly path: readonly { readonly value: string }[];
};
type Annotation = { code: string; kind: Kind; status?: number; severity?: string };

/** Runs OPA on all shipped policies, tests, demo data and examples included. */
export async function opaOnPolicies(args: readonly string[]): Promise<OpaRun> {
  const sources = (await collectSources([POLICIES], [])).map(opaArgument);
  return runOpa(await findOpa(), [...args, "--", ...sources]);
}

/** The METADATA of every package below policies/. */
export async function annotatedPackages(): Promise<readonly Annotated[]> {
  const run = await runOpa(await findOpa(), ["inspect", "--annotations", "--format", "json", POLICIES]);
  if (run.status !== 0) throw new Error(run.stderr);
  const { annotations } = JSON.parse(run.stdout) as { annotations: Annotated[] };
  return annotations.filter((entry) => entry.annotations.scope === "package");
}

/** Every code that the shipped policies give, in the order of their packages. */
export async function policyCodes(): Promise<readonly PolicyCode[]> {
  const packages = await annotatedPackages();
  return packages.flatMap(({ annotations, path }) =>
    (annotations.custom?.codes ?? []).map((entry) => ({
      code: entry.code,
      kind: entry.kind,
      status: entry.severity === "warning" ? undefined : (entry.status ?? KIND_STATUS[entry.kind]),
      policy: ruleOf(path) ?? "regent",
    })),
  );
}

/** `category/rule` of a package path, undefined when it is not a rule's. */
export function ruleOf(path: Annotated["path"]): string | undefined {
  const [data, regent, rules, category, rule] = path.map((part) => part.value);
  return data === "data" && regent === "regent" && rules === "rules" ? `${category}/${rule}` : undefined;
}

/** The shipped rules as `category/rule`, from their folders. */
export async function shippedRules(): Promise<readonly string[]> {
  const root = join(POLICIES, "rules");
  const found: string[] = [];
  for (const category of await readdir(root)) {
    for (const rule of await readdir(join(root, category))) found.push(`${category}/${rule}`);
  }
  return found.sort();
}
