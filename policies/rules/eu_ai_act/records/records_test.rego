package regent.rules_test.eu_ai_act.records

import data.regent.rules.eu_ai_act.records
import data.regent.samples_test as samples

results := {"codes": {denial.code | some denial in records.deny}, "labels": records.labels}

nothing := {"codes": set(), "labels": {}}

tenants := {"acme": {"regimes": ["eu_ai_act"], "ai_system": "assistant"}}

high := {"risk": "high", "oversight": "hr-lead", "models": ["sim-small"], "tenants": ["acme"]}

systems := {"assistant": {"risk": "limited"}, "hiring": high, "scores": {"risk": "prohibited"}}

naming(values) := object.union(samples.request, {"request": {"headers": {"x-ai-system": values}}})

test_allow_what_is_not_under_the_law if {
	results == nothing with input as samples.request with data.regent.tenants as samples.tenants
	results == nothing with input as samples.response with data.regent.tenants as tenants
	results == nothing with input as samples.plain("GET", "/v1/models") with data.regent.tenants as tenants
}

test_allow_system_of_the_tenant if {
	results == {"codes": set(), "labels": {"ai_system": "assistant", "ai_risk": "limited"}} with input as samples.request
		with data.regent.tenants as tenants
		with data.regent.ai_systems as systems
}

test_allow_high_risk_with_oversight if {
	results == {"codes": set(), "labels": {"ai_system": "hiring", "ai_risk": "high", "ai_oversight": "hr-lead"}}
		with input as naming(["Hiring"])
		with data.regent.tenants as tenants
		with data.regent.ai_systems as systems
}

test_deny_unknown_system if {
	every request in [naming(["other"]), naming(["hiring", "assistant"]), naming(["hiring,assistant"])] {
		results == {"codes": {"ai_system_unknown"}, "labels": {}} with input as request
			with data.regent.tenants as tenants
			with data.regent.ai_systems as systems
	}
	results == {"codes": {"ai_system_unknown"}, "labels": {}} with input as samples.request
		with data.regent.tenants as {"acme": {"regimes": ["eu_ai_act"]}}
		with data.regent.ai_systems as systems
}

test_deny_system_without_a_risk_class if {
	every system in [{}, {"risk": "none"}, {"risk": null}, "limited"] {
		results == {"codes": {"ai_system_unknown"}, "labels": {}} with input as samples.request
			with data.regent.tenants as tenants
			with data.regent.ai_systems as {"assistant": system}
	}
}

test_deny_system_of_another_tenant if {
	results.codes == {"ai_system_unknown"} with input as naming(["hiring"]) with data.regent.tenants as tenants
		with data.regent.ai_systems as {"hiring": object.union(high, {"tenants": ["globex"]})}
}

test_deny_prohibited_practice if {
	results.codes == {"ai_practice_prohibited"} with input as naming(["scores"]) with data.regent.tenants as tenants
		with data.regent.ai_systems as systems
}

test_deny_high_risk_without_oversight if {
	every oversight in ["", null, true] {
		results == {"codes": {"ai_oversight_missing"}, "labels": {"ai_system": "hiring", "ai_risk": "high"}}
			with input as naming(["hiring"])
			with data.regent.tenants as tenants
			with data.regent.ai_systems as {"hiring": object.union(high, {"oversight": oversight})}
	}
}

test_deny_high_risk_with_a_model_that_was_not_assessed if {
	every models in [[], ["other"], "sim-small"] {
		results.codes == {"ai_model_not_assessed"} with input as naming(["hiring"]) with data.regent.tenants as tenants
			with data.regent.ai_systems as {"hiring": object.union(high, {"models": models})}
	}
}
