import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findOpa, OpaError, runOpa } from "./opa.ts";

/** How compiled policies answer a query: by the path of a rule, and where they have no such rule, by one to be added. */
export type QueryPlan = {
  /** Slash-separated, an entrypoint. */
  readonly path: string;
  /** A Rego module that defines it, to be compiled with the policies. Absent: the policies must have the rule. */
  readonly module?: string;
};

/** A rule by its name alone. */
const REFERENCE = /^data((?:\.[A-Za-z_][A-Za-z0-9_]*)+)$/;
const PACKAGE = "regent.query";

/**
 * Turns a query, the deprecated option of opa-envoy-plugin, into what can be compiled. Only entrypoints can be asked of a
 * compiled bundle, so a query that is not just the name of a rule becomes a rule itself. As the plugin, that rule is what
 * the query's first expression gives; where the query has no answer, or several, the rule is undefined.
 * @throws OpaError with OPA's words when the query cannot be parsed
 */
export async function planQuery(query: string): Promise<QueryPlan> {
  // OPA would take the empty braces for an object.
  if (query.trim() === "") throw new OpaError("the query is empty");
  const [, names] = REFERENCE.exec(query.trim()) ?? [];
  if (names !== undefined) return { path: names.slice(1).replaceAll(".", "/") };
  const [first, ...others] = await parseQuery(query);
  if (first === undefined) throw new OpaError("the query is empty");
  const lines = [
    `package ${PACKAGE}`,
    "answers := [answer |",
    ...(first.gives ? [`answer := ${first.text}`] : [first.text, "answer := true"]),
    // OPA takes false for an answer only where nothing else is asked and nothing is searched.
    ...(others.length > 0 || first.searches ? ["answer", ...others.map(({ text }) => text)] : []),
    "]",
    "result := [answer | count(answers) == 1; answer := answers[0]][0]",
  ];
  return { path: `${PACKAGE.replaceAll(".", "/")}/result`, module: `${lines.join("\n")}\n` };
}

type Expression = {
  readonly text: string;
  /** It has a value that can be named: `x := 1`, `not x` and `some x` have none. */
  readonly gives: boolean;
  /** It may have several answers, as `data.a[_]`. */
  readonly searches: boolean;
};

type ParsedExpression = {
  readonly location: { readonly text: string };
  readonly negated?: boolean;
  readonly terms?: { readonly value?: unknown } | readonly { readonly value?: unknown }[];
};

async function parseQuery(query: string): Promise<Expression[]> {
  const dir = await mkdtemp(join(tmpdir(), "regent-query-"));
  try {
    const file = join(dir, "query.rego");
    await writeFile(file, `package ${PACKAGE}\nquery if {\n${query}\n}\n`);
    const args = ["parse", "--format", "json", "--json-include", "locations", file];
    const { status, stdout, stderr } = await runOpa(await findOpa(), args);
    if (status !== 0) throw new OpaError(`the query ${query} cannot be parsed: ${(stderr || stdout).trim()}`);
    const { rules } = JSON.parse(stdout) as { rules: { body: ParsedExpression[] }[] };
    if (rules.length !== 1) throw new OpaError(`the query ${query} is more than a query`);
    return (rules[0]?.body ?? []).map(expressionOf);
  } finally {
    await rm(dir, { recursive: true });
  }
}

function expressionOf({ location, negated, terms }: ParsedExpression): Expression {
  const text = Buffer.from(location.text, "base64").toString("utf8");
  const gives = negated !== true && terms !== undefined && !isStatement(terms);
  return { text, gives, searches: searches(terms) };
}

function isStatement(terms: NonNullable<ParsedExpression["terms"]>): boolean {
  // `some` and `every` have other members than a value.
  if (!Array.isArray(terms)) return !("value" in terms) || "domain" in terms;
  const [operator] = terms as readonly { readonly value?: unknown }[];
  const [name] = Array.isArray(operator?.value) ? (operator.value as { readonly value?: unknown }[]) : [];
  return name?.value === "assign" || name?.value === "eq";
}

/** Whether there is a variable inside a reference, comprehensions apart, or the relation `walk`. */
function searches(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(searches);
  if (typeof node !== "object" || node === null) return false;
  const { type, value } = node as { readonly type?: unknown; readonly value?: unknown };
  if (typeof type === "string" && type.endsWith("comprehension")) return false;
  if (type === "ref" && Array.isArray(value)) {
    const [head, ...rest] = value as { readonly type?: unknown; readonly value?: unknown }[];
    if (head?.value === "walk" || rest.some((part) => part.type === "var")) return true;
  }
  return Object.values(node).some(searches);
}
