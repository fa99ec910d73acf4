package regent.rules_test.gdpr.purpose

import data.regent.rules.gdpr.purpose
import data.regent.samples_test as samples

results := {"deny": purpose.deny, "labels": purpose.labels}

nothing := {"deny": set(), "labels": {}}

tenants := {"acme": {"data_class": "personal", "regimes": ["gdpr"], "purposes": ["support", "billing"]}}

models := {"sim-small": {"purposes": ["support", "research"]}}

naming(values) := object.union(samples.request, {"request": {"headers": {"x-purpose": values}}})

refused(name) := {
	"code": "purpose_not_permitted",
	"kind": "permission",
	"message": $"Personal data may not be used here for the purpose \"{name}\".",
}

test_allow_purpose_of_tenant_and_model if {
	results == {"deny": set(), "labels": {"purpose": "support"}} with input as naming([" Support"])
		with data.regent.tenants as tenants
		with data.regent.models as models
}

test_allow_what_is_not_under_the_law if {
	results == nothing with input as samples.request with data.regent.tenants as samples.tenants
	results == nothing with input as samples.response with data.regent.tenants as tenants
	results == nothing with input as samples.request
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["gdpr"]}}
}

test_deny_without_a_purpose if {
	every request in [samples.request, naming([]), naming([" , "])] {
		results == {"labels": {}, "deny": {{
			"code": "purpose_missing",
			"kind": "content",
			"message": "Name the purpose of this personal data in `x-purpose`.",
		}}} with input as request with data.regent.tenants as tenants with data.regent.models as models
	}
}

test_deny_purpose_that_is_not_of_both if {
	every name in ["billing", "research", "marketing"] {
		results == {"deny": {refused(name)}, "labels": {"purpose": name}} with input as naming([name])
			with data.regent.tenants as tenants
			with data.regent.models as models
	}
}

test_deny_one_purpose_of_two if {
	purpose.deny == {refused("marketing")} with input as naming(["support,marketing"])
		with data.regent.tenants as tenants
		with data.regent.models as models
}

test_deny_where_nothing_says_what_for if {
	every facts in [{}, {"sim-small": {}}, {"sim-small": {"purposes": "support"}}] {
		purpose.deny == {refused("support")} with input as naming(["support"]) with data.regent.tenants as tenants
			with data.regent.models as facts
	}
	purpose.deny == {refused("support")} with data.regent.tenants as tenants with data.regent.models as models
		with input as json.remove(naming(["support"]), ["/model"])
}
