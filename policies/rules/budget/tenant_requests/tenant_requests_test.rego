package regent.rules_test.budget.tenant_requests

import data.regent.rules.budget.tenant_requests
import data.regent.samples_test as samples

limit(amount, window) := {{"key": "tenant:acme", "unit": "requests", "amount": amount, "window": window}}

test_allow_tenant_without_a_rate if {
	tenant_requests.limits == set() with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_within_the_rate if {
	every document in [samples.request, samples.plain("GET", "/v1/models")] {
		tenant_requests.limits == limit(60, "1m") with input as document
			with data.regent.tenants as {"acme": {"rate": {"requests": 60, "window": "1m"}}}
	}
}

test_allow_answer if {
	tenant_requests.limits == set() with input as samples.response
		with data.regent.tenants as {"acme": {"rate": {"requests": 60, "window": "1m"}}}
}

# A rate of another form makes a limit of no known form, which composition refuses.
test_deny_rate_of_another_form if {
	every rate in [null, 60, "60/m", [], {}] {
		tenant_requests.limits == limit(null, null) with input as samples.request
			with data.regent.tenants as {"acme": {"rate": rate}}
	}
}
