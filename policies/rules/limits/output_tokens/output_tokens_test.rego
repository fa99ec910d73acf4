package regent.rules_test.limits.output_tokens

import data.regent.lib.compose
import data.regent.rules.limits.output_tokens
import data.regent.samples_test as samples

config := {
	"default": 1000,
	"models": {"sim-small": 500, "sim-large": 4000},
	"teams": {"acme": {"research": 2000, "support": 300}},
	"data_classes": {"special": 100, "public": 5000},
}

of_team(team) := object.union(samples.request, {"identity": object.union(samples.acme, {"team": team})})

with_class(document, class) := object.union(document, {"request": {"headers": {"x-data-class": [class]}}})

unlisted := samples.with_model({"name": "sim-other"})

test_allow_without_a_bound_where_none_is_configured if {
	output_tokens.response == {} with input as samples.request
	output_tokens.response == {} with input as samples.request with data.regent.config.limits.output_tokens as {}
	output_tokens.response == {} with input as unlisted
		with data.regent.config.limits.output_tokens as {"models": {"sim-large": 1}}
}

test_allow_without_a_bound_where_nothing_is_asked_of_a_model if {
	output_tokens.response == {} with input as samples.plain("GET", "/v1/models")
		with data.regent.config.limits.output_tokens as config
}

test_allow_up_to_the_smallest_bound_in_both_phases if {
	every phase in ["request", "response"] {
		every asked in [
			[unlisted, 1000],
			[samples.request, 500],
			[of_team("research"), 500],
			[of_team("support"), 300],
			[of_team("nobody"), 500],
			[object.union(of_team("research"), {"model": {"name": "sim-other"}}), 2000],
			[samples.with_model({"name": "sim-large"}), 4000],
			[with_class(samples.request, "special"), 100],
			[samples.changed({}, ["/model"]), 1000],
			[samples.changed({}, ["/identity"]), 500],
		] {
			[document, tokens] := asked
			output_tokens.response == {"max_output_tokens": tokens} with input as object.union(document, {"phase": phase})
				with data.regent.config.limits.output_tokens as config
				with data.regent.tenants as samples.tenants
		}
	}
}

test_allow_no_more_for_a_class_that_the_client_names if {
	output_tokens.response == {"max_output_tokens": 1000} with input as with_class(unlisted, "public")
		with data.regent.config.limits.output_tokens as config
		with data.regent.tenants as samples.tenants
}

test_allow_up_to_the_bound_of_the_class_of_the_tenant if {
	output_tokens.response == {"max_output_tokens": 100} with input as samples.request
		with data.regent.config.limits.output_tokens as config
		with data.regent.tenants as {"acme": {"data_class": "special"}}
}

test_deny_everything_where_a_bound_cannot_be_read if {
	every malformed in [
		null, 500, [500], "500",
		{"defaults": 500},
		{"model": {"sim-small": 500}},
		{"models": 500},
		{"models": {"sim-small": "500"}},
		{"models": {"sim-small": 0}},
		{"models": {"sim-small": 0.5}},
		{"models": {"sim-small": null}, "default": 5},
		{"default": "500"},
		{"default": false},
		{"teams": {"acme": 500}, "default": 5},
		{"teams": [500], "default": 5},
		{"data_classes": {"internal": "500"}, "default": 5},
		{"data_classes": 500, "default": 5},
	] {
		{reason.code | some reason in compose.errors} == {"policy_rule_invalid"} with input as samples.request
			with data.regent.config.limits.output_tokens as malformed
			with data.regent.tenants as samples.tenants
	}
}
