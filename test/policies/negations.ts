import { findOpa, runOpa } from "../../src/policy/opa/opa.ts";

/** A node of OPA's syntax tree, as `opa parse` prints it. */
type Term = { readonly type: string; readonly value: unknown };
type Expression = {
  readonly negated?: boolean;
  readonly terms: Term | readonly Term[];
  readonly location?: { row: number };
};
type Module = { readonly rules: readonly { readonly head: { readonly name?: string } }[] };

/**
 * The negations of a Rego file that can be undefined where their author means true, as `file:row`: negated calls with
 * an operand that is looked up in a document or a rule. Rego looks operands up before it negates, so that
 * `not is_object(input.model)` is undefined, and not true, when there is no model. Operands must be bound variables or
 * literals.
 */
export async function faultyNegations(file: string): Promise<readonly string[]> {
  const run = await runOpa(await findOpa(), [
    "parse",
    "--format",
    "json",
    "--json-include",
    "locations",
    file,
  ]);
  if (run.status !== 0) throw new Error(run.stderr);
  const module = JSON.parse(run.stdout) as Module;
  const rules = new Set(module.rules.map(({ head }) => head.name));
  return negatedCalls(module)
    .filter(({ terms }) => operandsOf(terms).some((operand) => isLookedUp(operand, rules)))
    .map(({ location }) => `${file}:${location?.row}`);
}

function operandsOf(terms: Expression["terms"]): readonly Term[] {
  return Array.isArray(terms) ? terms.slice(1) : [];
}

function isLookedUp({ type, value }: Term, rules: ReadonlySet<string | undefined>): boolean {
  if (type === "ref" || type === "call") return true;
  if (type === "var") return rules.has(value as string);
  return Array.isArray(value) && value.flat(Number.POSITIVE_INFINITY).some((part) => isLookedUp(part, rules));
}

function negatedCalls(node: unknown): readonly Expression[] {
  if (typeof node !== "object" || node === null) return [];
  const inner = Object.values(node).flatMap(negatedCalls);
  return isNegatedCall(node) ? [node, ...inner] : inner;
}

function isNegatedCall(node: object): node is Expression {
  return "negated" in node && node.negated === true && "terms" in node && Array.isArray(node.terms);
}
