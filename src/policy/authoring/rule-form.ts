import { nearest } from "../../document/nearest.ts";
import type { PolicyFinding } from "./finding.ts";
import type { Module, Rule } from "./module.ts";

/** What a rule may define, as policies/lib/contract.rego has it. */
export const OUTLETS: readonly string[] = [
  "deny",
  "warn",
  "redact",
  "limits",
  "targets_forbidden",
  "holds",
  "audit",
  "labels",
  "set_headers",
  "route",
  "response",
];

/** Where rules are collected from, and how many parts the package of one has: `regent.rules.<category>.<rule>`. */
const [ROOT, RULES] = ["regent", "rules"] as const;
const DEPTH = 4;

/** Whether a package is one of rules, or was probably meant to be. */
export function isRulePackage([root = "", rules = ""]: readonly string[]): boolean {
  return nearest(root, [ROOT]) !== undefined && nearest(rules, [RULES]) !== undefined;
}

/**
 * Why nobody would ask what a module says: its package or a name is not what rules are collected by. At run time such a
 * denial is silence. Modules that are no rules have no such form.
 */
export function ruleFaults(module: Module): readonly PolicyFinding[] {
  if (!isRulePackage(module.package)) return [];
  const { row, col } = module.packageLocation;
  const at = { file: module.file, row, column: col };
  const [root, rules] = module.package;
  if (root === ROOT && rules === RULES && module.package.length === DEPTH) return nameFaults(module);
  // Another package of this depth may be somebody's own, unless it says what a rule says.
  if ((root !== ROOT || rules !== RULES) && !module.rules.some((rule) => OUTLETS.includes(nameOf(rule))))
    return [];
  return [
    {
      ...at,
      severity: "error",
      code: "rule-package",
      message: `the package of a rule is regent.rules.<category>.<rule>, and not ${module.package.join(".")}`,
    },
  ];
}

function nameFaults({ file, rules }: Module): readonly PolicyFinding[] {
  return rules.flatMap((rule) => {
    const message = nameFault(rule);
    const { row, col } = rule.location ?? { row: 1, col: 1 };
    return message === undefined
      ? []
      : [{ file, row, column: col, severity: "error" as const, code: "rule-name", message }];
  });
}

function nameFault(rule: Rule): string | undefined {
  const name = nameOf(rule);
  if (name.startsWith("_")) return undefined;
  if (!OUTLETS.includes(name)) {
    const meant = nearest(name, OUTLETS);
    return (
      `\`${name}\` is no part of a rule; names of its own begin with \`_\`, and what a rule may say is ${OUTLETS.join(", ")}` +
      (meant === undefined ? "" : `; did you mean ${meant}?`)
    );
  }
  if (rule.head.args !== undefined) return `\`${name}\` takes arguments: it is a function, which nobody asks`;
  return undefined;
}

function nameOf({ head }: Rule): string {
  return head.name ?? String(head.ref?.[0]?.value);
}

/** What the METADATA of a rule lacks. */
export function metadataFaults({
  file,
  package: path,
  packageLocation: { row, col },
  annotations,
}: Module): readonly PolicyFinding[] {
  if (path[0] !== ROOT || path[1] !== RULES || path.length !== DEPTH) return [];
  const missing = (what: string) => ({
    ...{ file, row, column: col, severity: "warning" as const, code: "rule-metadata" },
    message: `METADATA of the package lacks ${what}`,
  });
  if (annotations === undefined) return [missing("a title, a description, custom.category and custom.codes")];
  const { title, description, custom } = annotations;
  return [
    ...(title === undefined ? [missing("a title")] : []),
    ...(description === undefined ? [missing("a description")] : []),
    ...(custom?.category === path[2] ? [] : [missing(`custom.category: ${path[2]}`)]),
    ...(Array.isArray(custom?.codes) ? [] : [missing("custom.codes, a list that may be empty")]),
  ];
}
