package regent.rules_test.gdpr.transfers

import data.regent.rules.gdpr.transfers
import data.regent.samples_test as samples

results := {"deny": transfers.deny, "targets_forbidden": transfers.targets_forbidden}

nothing := {"deny": set(), "targets_forbidden": set()}

forbidden(targets) := object.union(nothing, {"targets_forbidden": {member |
	some target in targets
	member := {"target": target, "reason": "personal data under the GDPR must not go there"}
}})

tenants := {"acme": {"data_class": "personal", "regimes": ["gdpr"]}}

regions := {"gdpr": {"transfers": {"regions": ["eu"]}}}

test_allow_tenant_under_another_law if {
	every regimes in [[], ["hipaa"]] {
		results == nothing with input as samples.request with data.regent.config as regions
			with data.regent.tenants as {"acme": {"data_class": "personal", "regimes": regimes}}
	}
	results == nothing with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_data_that_is_not_personal if {
	results == nothing with input as samples.request with data.regent.config as regions
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["gdpr"]}}
	results == nothing with input as object.union(samples.request, {"findings": [{"type": "SECRET", "count": 1}]})
		with data.regent.config as regions
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["gdpr"]}}
}

test_allow_permitted_regions_only if {
	results == forbidden(["sim-us"]) with input as samples.request with data.regent.config as regions
		with data.regent.tenants as tenants
}

test_allow_endpoint_in_a_permitted_region if {
	results == nothing with input as samples.plain("POST", "/v2/models") with data.regent.tenants as tenants
		with data.regent.config as regions
		with data.regent.endpoints as {"tensors": {"path": "/v2/**", "methods": ["POST"], "regions": ["eu"]}}
}

test_allow_answer if {
	results == nothing with input as samples.response with data.regent.tenants as tenants
}

test_deny_personal_data_that_was_found if {
	results == forbidden(["sim-us"]) with data.regent.config as regions
		with input as object.union(samples.request, {"findings": [{"type": "EMAIL_ADDRESS", "count": 1}]})
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["gdpr"]}}
}

test_deny_classes_that_the_organisation_calls_personal if {
	results == forbidden(["sim-us"]) with input as samples.request
		with data.regent.config as object.union(regions, {"personal_classes": ["internal"]})
		with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["gdpr"]}}
}

test_deny_everywhere_without_a_list_of_regions if {
	every config in [{}, {"gdpr": {"transfers": {"regions": []}}}, {"gdpr": {"transfers": {"regions": "eu"}}}] {
		results == forbidden(["sim-us", "sim-eu"]) with input as samples.request with data.regent.config as config
			with data.regent.tenants as tenants
	}
}

test_deny_targets_of_no_region if {
	results == forbidden(["x", "y"]) with data.regent.config as regions with data.regent.tenants as tenants
		with input as object.union(samples.request, {"targets": [{"name": "x"}, {"name": "y", "region": null}]})
}

# Regimes in another form than a list hold a tenant to every law.
test_deny_regimes_of_another_form if {
	every regimes in ["gdpr", true, null, {}] {
		results == forbidden(["sim-us"]) with input as samples.request with data.regent.config as regions
			with data.regent.tenants as {"acme": {"data_class": "personal", "regimes": regimes}}
	}
}

test_deny_endpoint_elsewhere if {
	every endpoint in [{}, {"regions": []}, {"regions": ["eu", "us"]}] {
		{denial.code | some denial in transfers.deny} == {"no_permitted_target"} with data.regent.tenants as tenants
			with input as samples.plain("POST", "/v2/models")
			with data.regent.config as regions
			with data.regent.endpoints as {"t": object.union(endpoint, {"path": "/v2/**", "methods": ["POST"]})}
	}
}
