package regent.rules_test.models.calendar

import data.regent.rules.models.calendar
import data.regent.samples_test as samples

# Requests of the samples are made at 2026-11-21T09:00:00Z.
results := {"deny": {denial.code | some denial in calendar.deny}, "warn": {warning.code | some warning in calendar.warn}}

nothing := {"deny": set(), "warn": set()}

at(steps) := {"sim-small": steps}

test_allow_model_without_a_calendar if {
	results == nothing with input as samples.request with data.regent.calendar as {"other": {"deny_from": "2020-01-01"}}
	results == nothing with input as samples.request
	results == nothing with input as samples.plain("GET", "/v1/models") with data.regent.calendar as at({})
	results == nothing with input as samples.response with data.regent.calendar as at({"deny_from": "2020-01-01"})
}

test_allow_before_the_first_step if {
	results == nothing with input as samples.request
		with data.regent.calendar as at({"warn_from": "2026-11-22", "deny_from": "2026-12-31"})
}

test_allow_with_a_warning if {
	calendar.warn == {{
		"code": "model_ending",
		"kind": "retired",
		"message": "The model sim-small is about to end. Use sim-large instead.",
	}} with input as samples.with_model({"successor": "sim-large"})
		with data.regent.calendar as at({"warn_from": "2026-11-21", "deny_from": "2026-12-31"})
}

test_allow_outside_of_brownouts if {
	every brownout in [
		{"from": "2026-11-21T09:00:01Z", "until": "2026-11-21T12:00:00Z"},
		{"from": "2026-11-21T06:00:00Z", "until": "2026-11-21T09:00:00Z"},
	] {
		results == nothing with input as samples.request with data.regent.calendar as at({"brownouts": [brownout]})
	}
}

test_deny_in_a_brownout if {
	results == {"deny": {"model_brownout"}, "warn": {"model_ending"}} with input as samples.request
		with data.regent.calendar as at({
			"warn_from": "2026-11-01",
			"brownouts": [{"from": "2026-11-21T09:00:00Z", "until": "2026-11-21T10:00:00Z"}],
			"deny_from": "2026-12-31",
		})
}

test_deny_in_the_end if {
	every date in ["2026-11-21", "2026-11-21T09:00:00Z", "2020-01-01"] {
		results == {"deny": {"model_ended"}, "warn": set()} with input as samples.request
			with data.regent.calendar as at({"warn_from": "2026-11-01", "deny_from": date})
	}
}

test_deny_dates_that_cannot_be_read if {
	every date in ["soon", "", null, 2027, "2027-02-30"] {
		results.deny == {"model_ended"} with input as samples.request with data.regent.calendar as at({"deny_from": date})
		results.deny == {"model_brownout"} with input as samples.request
			with data.regent.calendar as at({"brownouts": [{"from": date, "until": "2026-01-01"}]})
		results.deny == {"model_brownout"} with input as samples.request
			with data.regent.calendar as at({"brownouts": [{"from": "2026-01-01", "until": date}]})
	}
	results.deny == {"model_ended"} with input as json.remove(samples.request, ["/request/time"])
		with data.regent.calendar as at({"deny_from": "2099-01-01"})
}

test_deny_calendar_of_another_form if {
	every steps in ["2027-01-01", null, ["2027-01-01"]] {
		results.deny == {"model_ended"} with input as samples.request with data.regent.calendar as at(steps)
	}
}
