import type { PolicyFinding } from "./finding.ts";
import type { Location, Module, Term } from "./module.ts";

type Negation = {
  readonly negated: true;
  readonly terms: Term | readonly Term[];
  readonly location?: Location;
};

/**
 * The negations that can be undefined where their author means true: negated calls with an operand that is looked up in
 * a document or a rule. Rego looks operands up before it negates, so that `not is_object(input.model)` is undefined, and
 * not true, when there is no model. Operands must be bound variables or literals.
 */
export function faultyNegations(module: Module): readonly PolicyFinding[] {
  const rules = new Set(module.rules.map(({ head }) => nameOf(head)));
  return negatedCalls(module.tree)
    .filter(({ terms }) => operandsOf(terms).some((operand) => isLookedUp(operand, rules)))
    .map(({ location }) => ({
      file: module.file,
      row: location?.row ?? 1,
      column: location?.col ?? 1,
      severity: "error",
      code: "negation",
      message:
        "this is undefined, and not true, when what it looks up is absent: write `not _holds` with a rule `_holds if …`",
    }));
}

function nameOf({ name, ref }: Module["rules"][number]["head"]): string | undefined {
  return name ?? (ref?.[0]?.value as string | undefined);
}

function operandsOf(terms: Negation["terms"]): readonly Term[] {
  return Array.isArray(terms) ? terms.slice(1) : [];
}

function isLookedUp({ type, value }: Term, rules: ReadonlySet<string | undefined>): boolean {
  if (type === "ref" || type === "call") return true;
  if (type === "var") return rules.has(value as string);
  return Array.isArray(value) && value.flat(Number.POSITIVE_INFINITY).some((part) => isLookedUp(part, rules));
}

function negatedCalls(node: unknown): readonly Negation[] {
  if (typeof node !== "object" || node === null) return [];
  const inner = Object.values(node).flatMap(negatedCalls);
  return isNegatedCall(node) ? [node, ...inner] : inner;
}

function isNegatedCall(node: object): node is Negation {
  return "negated" in node && node.negated === true && "terms" in node && Array.isArray(node.terms);
}
