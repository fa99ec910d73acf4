import type { PolicyFinding } from "./finding.ts";
import type { Module } from "./module.ts";

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

/** Parts of a package path: `regent.rules.<category>.<rule>`. */
const DEPTH = 4;

/** What is wrong with the form of a rule: its package, its names, its METADATA. Other modules have no such form. */
export function ruleFaults(module: Module): readonly PolicyFinding[] {
  if (module.package[0] !== "regent" || module.package[1] !== "rules") return [];
  const { row, col } = module.packageLocation;
  const at = { file: module.file, row, column: col };
  if (module.package.length !== DEPTH)
    return [
      {
        ...at,
        severity: "error",
        code: "rule-package",
        message: `the package of a rule is regent.rules.<category>.<rule>, and not ${module.package.join(".")}`,
      },
    ];
  return [...nameFaults(module), ...metadataFaults(module).map((fault) => ({ ...at, ...fault }))];
}

function nameFaults({ file, rules }: Module): readonly PolicyFinding[] {
  return rules.flatMap(({ head, location }) => {
    const name = head.name ?? String(head.ref?.[0]?.value);
    if (name.startsWith("_") || OUTLETS.includes(name)) return [];
    return [
      {
        file,
        row: location?.row ?? 1,
        column: location?.col ?? 1,
        severity: "error" as const,
        code: "rule-name",
        message: `\`${name}\` is no part of a rule; names of its own begin with \`_\`, and what a rule may say is ${OUTLETS.join(", ")}`,
      },
    ];
  });
}

function metadataFaults({ annotations, package: path }: Module) {
  const missing = (what: string) => ({
    severity: "warning" as const,
    code: "rule-metadata",
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
