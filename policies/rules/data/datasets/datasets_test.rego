package regent.rules_test.data.datasets

import data.regent.rules.data.datasets
import data.regent.samples_test as samples

registered := {"tickets": {
	"owner": "support",
	"description": "Tickets since 2020",
	"tenants": ["acme"],
	"roles": ["analyst"],
	"models": ["sim-small"],
	"purposes": ["support"],
	"regions": ["eu"],
	"until": "2027-01-01",
}}

drawing(names, purposes) := object.union(samples.request, {"request": {"headers": {
	"x-dataset": names,
	"x-purpose": purposes,
}}})

results := {"deny": {denial.message | some denial in datasets.deny}, "targets": {member.target |
	some member in datasets.targets_forbidden
}}

broken(restriction) := {$"The dataset tickets may not be used here: {restriction}."}

test_allow_what_draws_on_none if {
	every document in [samples.request, object.union(drawing(["tickets"], []), {"phase": "response"})] {
		results == {"deny": set(), "targets": set()} with input as document with data.regent.datasets as registered
	}
	datasets.labels == {} with input as samples.request
}

test_allow_as_licensed if {
	results == {"deny": set(), "targets": {"sim-us"}} with input as drawing(["Tickets"], ["support"])
		with data.regent.datasets as registered
	datasets.labels == {"datasets": "tickets"} with input as drawing(["tickets"], []) with data.regent.datasets as registered
}

test_allow_dataset_without_restrictions if {
	results == {"deny": set(), "targets": set()} with input as drawing(["open"], [])
		with data.regent.datasets as {"open": {}}
}

test_deny_unknown_dataset if {
	every known in [{}, registered, {"other": "text"}] {
		results.deny == {"The dataset \"other\" is not registered."} with input as drawing(["other"], [])
			with data.regent.datasets as known
	}
}

test_deny_each_restriction_that_does_not_hold if {
	every restriction, value in {
		"tenants": ["globex"],
		"roles": ["admin"],
		"models": ["sim-large"],
		"purposes": ["billing"],
		"until": "2026-11-21",
	} {
		results.deny == broken(restriction) with input as drawing(["tickets"], ["support"])
			with data.regent.datasets as {"tickets": object.union(registered.tickets, {restriction: value})}
	}
}

test_deny_restriction_of_another_form if {
	every restriction in ["tenants", "roles", "models", "purposes", "until"] {
		every value in ["x", null, true, {}] {
			results.deny == broken(restriction) with input as drawing(["tickets"], ["support"])
				with data.regent.datasets as {"tickets": {restriction: value}}
		}
	}
}

test_deny_restriction_of_no_known_name if {
	results.deny == broken("tenant") with input as drawing(["tickets"], ["support"])
		with data.regent.datasets as {"tickets": {"tenant": ["acme"]}}
}

test_deny_dataset_with_regions_where_no_model_is_known if {
	results.deny == broken("regions") with data.regent.datasets as {"tickets": {"regions": ["eu"]}}
		with input as json.remove(drawing(["tickets"], []), ["/model", "/targets"])
}
