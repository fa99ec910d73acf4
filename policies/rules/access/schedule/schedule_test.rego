package regent.rules_test.access.schedule

import data.regent.rules.access.schedule
import data.regent.samples_test as samples

# Requests of the samples are made at 2026-11-21T09:00:00Z, a Saturday.
tenants(changes) := {"acme": {"schedule": object.union(
	{
		"zone": "Europe/Berlin",
		"days": ["Friday", "Saturday"],
		"from": "08:00",
		"until": "18:00",
	},
	changes,
)}}

codes := {denial.code | some denial in schedule.deny}

test_allow_tenant_without_a_schedule if {
	codes == set() with input as samples.request with data.regent.tenants as samples.tenants
	codes == set() with input as samples.response with data.regent.tenants as tenants({"days": []})
}

test_allow_within_hours if {
	every changes in [{}, {"from": "10:00"}, {"until": "10:01"}, {"from": "00:00", "until": "24:00"}, {"zone": "UTC"}] {
		codes == set() with input as samples.request with data.regent.tenants as tenants(changes)
	}
}

test_deny_outside_of_hours if {
	every changes in [{"from": "10:01"}, {"until": "10:00"}, {"days": ["Friday"]}, {"zone": "Asia/Tokyo"}] {
		codes == {"outside_of_hours"} with input as samples.request with data.regent.tenants as tenants(changes)
	}
	{denial.message | some denial in schedule.deny} == {"Calls are permitted from 08:00 to 09:00 (Europe/Berlin)."}
		with input as samples.request
		with data.regent.tenants as tenants({"until": "09:00"})
}

test_deny_schedule_of_another_form if {
	every changes in [{"zone": "Mars/Base"}, {"days": "Saturday"}, {"from": "8"}, {"until": "25:00"}, {"until": null}, {"from": 8}] {
		codes == {"outside_of_hours"} with input as samples.request with data.regent.tenants as tenants(changes)
	}
	every given in [{"acme": {"schedule": null}}, {"acme": {"schedule": "always"}}] {
		codes == {"outside_of_hours"} with input as samples.request with data.regent.tenants as given
	}
	codes == {"outside_of_hours"} with input as json.remove(samples.request, ["/request/time"])
		with data.regent.tenants as tenants({})
}
