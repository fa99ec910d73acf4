package regent.rules_test.models.lifecycle

import data.regent.rules.models.lifecycle
import data.regent.samples_test as samples

results := {"deny": lifecycle.deny, "warn": lifecycle.warn, "set_headers": lifecycle.set_headers}

nothing := {"deny": set(), "warn": set(), "set_headers": {}}

retired := object.union(nothing, {"deny": {{
	"code": "model_retired",
	"kind": "retired",
	"message": "The model sim-small is retired.",
}}})

deprecated := {"stage": "deprecated", "deprecated_since": "2026-06-01", "sunset": "2027-03-31", "successor": "sim-large"}

test_allow_models_in_service if {
	every stage in ["experimental", "active"] {
		results == nothing with input as samples.with_model({"stage": stage})
	}
}

test_allow_until_the_sunset if {
	every sunset in ["2026-11-22", "2026-11-21T09:00:01Z", "2026-11-21T09:30:00+00:15", "2026-11-21t04:00:01.5-05:00"] {
		results == nothing with input as samples.with_model({"sunset": sunset})
	}
}

test_allow_request_without_a_model if {
	results == nothing with input as samples.plain("GET", "/v1/models")
}

test_allow_deprecated_with_a_warning if {
	results == object.union(nothing, {"warn": {{
		"code": "model_deprecated",
		"kind": "retired",
		"message": "The model sim-small is deprecated. Use sim-large instead.",
	}}}) with input as samples.with_model(deprecated)
}

test_allow_answer_of_a_deprecated_model_with_headers if {
	results == object.union(nothing, {"set_headers": {
		"deprecation": "@1780272000",
		"sunset": "Wed, 31 Mar 2027 00:00:00 GMT",
	}}) with input as object.union(samples.response, {"model": deprecated})
}

test_allow_answer_with_the_dates_that_are_known if {
	results == object.union(nothing, {"set_headers": {"deprecation": "@1780272000"}}) with input as object.union(
		samples.response,
		{"model": {"stage": "deprecated", "deprecated_since": "2026-06-01"}},
	)
	results == nothing with input as object.union(samples.response, {"model": {"stage": "deprecated"}})
}

test_deny_retired if {
	results == retired with input as samples.with_model({"stage": "retired"})
}

test_deny_retired_and_names_the_successor if {
	results == object.union(nothing, {"deny": {{
		"code": "model_retired",
		"kind": "retired",
		"message": "The model sim-small is retired. Use sim-large instead.",
	}}}) with input as samples.with_model({"stage": "retired", "successor": "sim-large"})
}

test_deny_from_the_sunset_on if {
	every sunset in ["2026-11-21", "2026-11-21T09:00:00Z", "2026-11-21T10:00:00+01:00", "1999-12-31"] {
		results == retired with input as samples.with_model({"stage": "deprecated", "sunset": sunset})
	}
}

# What cannot be read does not keep a model in service.
test_deny_unreadable_sunset if {
	every sunset in ["soon", "", "2027-13-01", "2027-02-30", "31.03.2027", 2027, null, false] {
		results == retired with input as samples.with_model({"sunset": sunset})
	}
}

test_deny_without_a_time_to_compare if {
	results == retired with input as json.remove(samples.with_model({"sunset": "2027-03-31"}), ["/request/time"])
}

test_deny_unknown_stage if {
	results == retired with input as samples.with_model({"stage": "Active"})
	results == retired with input as samples.changed({}, ["/model/stage"])
}
