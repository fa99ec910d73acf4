# METADATA
# title: Tenants have a number of requests
# description: Holds a tenant to the requests that are written down for it in each window.
# custom:
#   category: budget
#   codes: []
package regent.rules.budget.tenant_requests

limits contains {
	"key": $"tenant:{input.identity.tenant}",
	"unit": "requests",
	"amount": object.get(_rate, "requests", null),
	"window": object.get(_rate, "window", null),
} if {
	input.phase == "request"
}

# A rate that is not an object with both parts makes a limit of no known form, and so a refusal.
_rate := rate if {
	rate := data.regent.tenants[input.identity.tenant].rate
	is_object(rate)
}

_rate := {} if {
	rate := data.regent.tenants[input.identity.tenant].rate
	not is_object(rate)
}
