package regent.rules_test.hipaa.phi

import data.regent.rules.hipaa.phi
import data.regent.samples_test as samples

results := {"deny": phi.deny, "targets_forbidden": phi.targets_forbidden}

nothing := {"deny": set(), "targets_forbidden": set()}

tenants := {"acme": {"data_class": "phi", "regimes": ["hipaa"]}}

models := {"sim-small": {"baa": true}}

providers := {"sim": {"baa": true}}

uncovered := {{
	"code": "phi_not_permitted",
	"kind": "permission",
	"message": "The model sim-small is not covered by a business associate agreement.",
}}

forbidden(targets) := {{"target": target, "reason": "no business associate agreement"} | some target in targets}

test_allow_under_an_agreement if {
	results == nothing with input as samples.request with data.regent.tenants as tenants
		with data.regent.models as models
		with data.regent.providers as providers
}

test_allow_data_that_is_no_health_data if {
	results == nothing with input as samples.request
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["hipaa"]}}
	results == nothing with input as samples.request with data.regent.tenants as samples.tenants
	results == nothing with input as samples.response with data.regent.tenants as tenants
}

test_allow_endpoint_under_an_agreement if {
	results == nothing with input as samples.plain("POST", "/v2/models") with data.regent.tenants as tenants
		with data.regent.endpoints as {"tensors": {"path": "/v2/**", "methods": ["POST"], "baa": true}}
}

test_deny_model_without_an_agreement if {
	every facts in [{}, {"sim-small": {}}, {"sim-small": {"baa": "true"}}, {"sim-small": {"baa": false}}] {
		results == {"deny": uncovered, "targets_forbidden": set()} with input as samples.request
			with data.regent.tenants as tenants
			with data.regent.models as facts
			with data.regent.providers as providers
	}
}

test_deny_targets_without_an_agreement if {
	results == {"deny": set(), "targets_forbidden": forbidden(["sim-us", "sim-eu"])} with input as samples.request
		with data.regent.tenants as tenants
		with data.regent.models as models
		with data.regent.providers as {"other": {"baa": true}}
	results == {"deny": set(), "targets_forbidden": forbidden(["x"])} with data.regent.tenants as tenants
		with input as object.union(samples.request, {"targets": [{"name": "x"}]})
		with data.regent.models as models
		with data.regent.providers as providers
}

test_deny_what_a_detector_found if {
	phi.deny == uncovered with input as object.union(samples.request, {"findings": [{"type": "US_SSN", "count": 1}]})
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["hipaa"]}}
		with data.regent.providers as providers
}

test_deny_what_the_client_says if {
	phi.deny == uncovered with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["hipaa"]}}
		with input as object.union(samples.request, {"request": {"headers": {"x-data-class": ["PHI"]}}})
		with data.regent.providers as providers
}

test_deny_endpoint_without_an_agreement if {
	{denial.message | some denial in phi.deny} == {"Health data must not go to this endpoint."}
		with input as samples.plain("POST", "/v2/models")
		with data.regent.tenants as tenants
		with data.regent.endpoints as {"tensors": {"path": "/v2/**", "methods": ["POST"]}}
}
