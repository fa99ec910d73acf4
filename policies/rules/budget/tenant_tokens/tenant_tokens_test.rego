package regent.rules_test.budget.tenant_tokens

import data.regent.rules.budget.tenant_tokens
import data.regent.samples_test as samples

initech := object.union(samples.request, {"identity": samples.initech})

limit(amount, window) := {{"key": "tenant:initech", "unit": "tokens", "amount": amount, "window": window}}

test_allow_within_the_budget if {
	tenant_tokens.limits == limit(2000, "1h") with input as initech with data.regent.tenants as samples.tenants
}

test_allow_tenant_without_a_budget if {
	tenant_tokens.limits == set() with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_what_costs_no_tokens if {
	every document in [samples.plain("GET", "/v1/models"), samples.response] {
		tenant_tokens.limits == set() with input as object.union(document, {"identity": samples.initech})
			with data.regent.tenants as samples.tenants
	}
}

# A budget of another form makes a limit of no known form, which composition refuses.
test_deny_budget_of_another_form if {
	every budget in [null, false, 2000, "2000", [], {}] {
		tenant_tokens.limits == limit(null, null) with input as initech
			with data.regent.tenants as {"initech": {"budget": budget}}
	}
	tenant_tokens.limits == limit(2000, null) with input as initech
		with data.regent.tenants as {"initech": {"budget": {"tokens": 2000}}}
}
