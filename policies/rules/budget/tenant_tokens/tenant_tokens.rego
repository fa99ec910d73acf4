# METADATA
# title: Tenants have a budget
# description: Holds a tenant to the tokens that are written down for it in each window.
# custom:
#   category: budget
#   codes: []
package regent.rules.budget.tenant_tokens

limits contains {
	"key": $"tenant:{input.identity.tenant}",
	"unit": "tokens",
	"amount": object.get(_budget, "tokens", null),
	"window": object.get(_budget, "window", null),
} if {
	input.phase == "request"
	_ = input.inference
}

# A budget that is not an object with both parts makes a limit of no known form, and so a refusal.
_budget := budget if {
	budget := data.regent.tenants[input.identity.tenant].budget
	is_object(budget)
}

_budget := {} if {
	budget := data.regent.tenants[input.identity.tenant].budget
	not is_object(budget)
}
