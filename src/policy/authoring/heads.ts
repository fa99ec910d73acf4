import type { PolicyFinding } from "./finding.ts";
import type { Module, Rule } from "./module.ts";

/**
 * Rules of one name whose heads have different numbers of constants before their first variable, such as `v.a[x]` and
 * `v.b.c[x]`. OPA 1.22 compiles them to Wasm so that `v[name]` with a variable does not find the longer ones: a rule is
 * silently left out. Measured with OPA 1.22.0; OPA in Go finds both.
 */
export function unevenHeads(module: Module): readonly PolicyFinding[] {
  const depths = new Map<string, number>();
  const findings: PolicyFinding[] = [];
  for (const rule of module.rules) {
    const head = constantsOf(rule);
    if (head === undefined) continue;
    const depth = depths.get(head.name);
    if (depth === undefined) depths.set(head.name, head.constants);
    else if (depth !== head.constants)
      findings.push({
        file: module.file,
        row: rule.location?.row ?? 1,
        column: rule.location?.col ?? 1,
        severity: "warning",
        code: "uneven-heads",
        message: `the heads of ${head.name} have different numbers of constants before their first variable: compiled to Wasm, ${head.name}[x] does not find all of them; put a variable where this one has a constant`,
      });
  }
  return findings;
}

/** Constants between the name of a partial rule and the first variable of its head; undefined without a variable. */
function constantsOf({ head }: Rule): { readonly name: string; readonly constants: number } | undefined {
  const [name, ...rest] = head.ref ?? [];
  const constants = rest.findIndex(({ type }) => type !== "string" && type !== "number");
  return name === undefined || constants < 0 ? undefined : { name: String(name.value), constants };
}
