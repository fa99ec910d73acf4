package regent.rules_test.eu_ai_act.transparency

import data.regent.rules.eu_ai_act.transparency
import data.regent.samples_test as samples

marked := {"x-ai-generated": "true"}

tenants := {"acme": {"regimes": ["eu_ai_act"]}}

test_allow_and_mark_an_answer if {
	transparency.set_headers == marked with input as samples.response with data.regent.tenants as tenants
}

test_allow_without_a_mark if {
	transparency.set_headers == {} with input as samples.response with data.regent.tenants as samples.tenants
	transparency.set_headers == {} with input as samples.request with data.regent.tenants as tenants
	transparency.set_headers == {} with data.regent.tenants as tenants
		with input as object.union(samples.plain("GET", "/v1/models"), {"phase": "response"})
}
