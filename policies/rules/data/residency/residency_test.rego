package regent.rules_test.data.residency

import data.regent.rules.data.residency
import data.regent.samples_test as samples

results := {"deny": residency.deny, "targets_forbidden": residency.targets_forbidden}

nothing := {"deny": set(), "targets_forbidden": set()}

forbidden(targets, regions) := object.union(nothing, {"targets_forbidden": {member |
	some target in targets
	member := {"target": target, "reason": $"data of globex must stay in {regions}"}
}})

refused(why) := object.union(nothing, {"deny": {{
	"code": "no_permitted_target",
	"kind": "no_target",
	"message": $"{why}; data of globex must stay in eu.",
}}})

globex := object.union(samples.request, {"identity": samples.globex})

tensors := {"tensors": {"path": "/v2/**", "methods": ["POST"]}}

test_allow_tenant_that_is_bound_to_no_region if {
	results == nothing with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_targets_in_the_region_only if {
	results == forbidden(["sim-us"], "eu") with input as globex with data.regent.tenants as samples.tenants
}

test_allow_several_regions if {
	results == nothing with input as globex with data.regent.tenants as {"globex": {"residency": ["eu", "us"]}}
}

test_allow_list_of_models if {
	results == nothing with input as object.union(samples.plain("GET", "/v1/models"), {"identity": samples.globex})
		with data.regent.tenants as samples.tenants
}

test_allow_endpoint_in_the_region if {
	results == nothing with input as object.union(samples.plain("POST", "/v2/models"), {"identity": samples.globex})
		with data.regent.tenants as samples.tenants
		with data.regent.endpoints as {"tensors": object.union(tensors.tensors, {"regions": ["eu"]})}
}

test_allow_public_endpoint if {
	results == nothing with input as object.union(samples.plain("POST", "/v2/models"), {"identity": samples.globex})
		with data.regent.tenants as samples.tenants
		with data.regent.endpoints as {"tensors": object.union(tensors.tensors, {"public": true})}
}

test_allow_answer if {
	results == nothing with input as object.union(samples.response, {"identity": samples.globex})
		with data.regent.tenants as samples.tenants
}

test_deny_every_target_elsewhere_or_nowhere if {
	targets := [{"name": "sim-us", "region": "us"}, {"name": "sim-x"}, {"name": "sim-y", "region": null}]
	results == forbidden(["sim-us", "sim-x", "sim-y"], "eu") with input as object.union(globex, {"targets": targets})
		with data.regent.tenants as samples.tenants
}

# A residency in another form is no permission to go anywhere.
test_deny_residency_of_another_form if {
	every value in ["eu", null, false, {}] {
		{member.target | some member in residency.targets_forbidden} == {"sim-us", "sim-eu"} with input as globex
			with data.regent.tenants as {"globex": {"residency": value}}
	}
	results == forbidden(["sim-us", "sim-eu"], "") with input as globex
		with data.regent.tenants as {"globex": {"residency": []}}
}

test_deny_model_without_targets if {
	every document in [json.remove(globex, ["/targets"]), object.union(globex, {"targets": []})] {
		results == refused("No target is known for this request") with input as document
			with data.regent.tenants as samples.tenants
	}
}

test_deny_endpoint_elsewhere if {
	every endpoints in [
		tensors,
		{"tensors": object.union(tensors.tensors, {"regions": []})},
		{"tensors": object.union(tensors.tensors, {"regions": ["eu", "us"]})},
		{"tensors": object.union(tensors.tensors, {"regions": "eu"})},
		{"near": object.union(tensors.tensors, {"regions": ["eu"]}), "far": tensors.tensors},
	] {
		results == refused("This endpoint is served elsewhere") with data.regent.endpoints as endpoints
			with input as object.union(samples.plain("POST", "/v2/models"), {"identity": samples.globex})
			with data.regent.tenants as samples.tenants
	}
}
