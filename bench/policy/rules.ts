/**
 * Rule sets of a size, as an organisation's rules of access look: each denies one thing, for one model, team, tenant or
 * kind of data, and most of them do not hold for a request.
 *
 * Ten forms take turns, so that 10 rules have each form once. Four begin with an equality on a path of the input,
 * which OPA's rule index can rule out without evaluating (two that are false and two that are true for the request);
 * six do not: they walk through roles, findings, tools, targets and budgets, compare numbers and prefixes, look up
 * data, and negate. One rule of the first ten, and one of each further hundred, fires, so that the decision has reasons.
 */
type Form = (index: number) => string;

const FORMS: readonly Form[] = [
  (i) => `input.inference.model == "model-${i}"
	not "model-${i}-user" in input.identity.roles`,
  (i) => `some role in input.identity.roles
	startswith(role, "contractor-${i}-")
	input.request.method != "GET"`,
  (i) => `input.request.method == "POST"
	startswith(input.request.path, "/v1/teams/${i}/")
	input.identity.team != "team-${i}"`,
  (i) => `input.inference.max_output_tokens > ${100_000 + i}
	not input.identity.claims.large_outputs`,
  (i) => `some finding in input.findings
	finding.type == "kind_${i}"
	finding.count > ${i % 5}`,
  (i) => `input.identity.claims.department == "department-${i}"
	not "purpose-${i}" in input.request.headers["x-purpose"]`,
  (i) => `some target in input.targets
	target.region == "region-${i}"
	not target.region in data.residency[input.identity.tenant]`,
  (i) => `input.phase == "request"
	some tool in input.inference.tools
	tool == "tool_${i}"
	not data.tools[tool][input.identity.team]`,
  (i) => `some budget in input.budgets
	budget.key == concat("/", [input.identity.tenant, "pool-${i}"])
	budget.used + input.estimate.input_tokens > budget.limit`,
  // The one of these that stands in each hundred's first ten fires; the others ask for more.
  (i) => `input.request.body.model == input.inference.model
	lower(input.identity.claims.level) != "level-${i}"
	input.identity.method == "api_key"
	input.inference.parameters.temperature > ${i % 100 < 10 ? 0.1 : 1 + i}`,
];

/** Rego of so many rules, package `bench`, entrypoint `bench/decision`. */
export function rulesOf(count: number): string {
  const rules = Array.from({ length: count }, (_, index) => {
    const form = FORMS[index % FORMS.length] as Form;
    return `deny contains {"code": "rule_${index}", "kind": "permission", "message": "Rule ${index} forbids this."} if {
	${form(index)}
}
`;
  });
  return `package bench

default allow := false

allow if count(deny) == 0

decision := {"allow": allow, "reasons": deny}

${rules.join("\n")}`;
}

/** The data that the rules look into. */
export const DATA = {
  residency: { acme: ["eu-west-1", "eu-central-1"], globex: ["us-east-1"] },
  tools: { tool_7: { research: true }, search: { research: true } },
};
