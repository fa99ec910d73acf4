package regent.rules_test.tools.access

import data.regent.rules.tools.access
import data.regent.samples_test as samples

tools := {"search": {}, "transfer_money": {"roles": ["admin"]}, "lookup": {"roles": ["analyst"]}}

offering(names) := object.union(samples.request, {"inference": {"tools": names}})

refused(name) := {
	"code": "tool_not_permitted",
	"kind": "permission",
	"message": $"The tool \"{name}\" may not be offered to a model by this caller.",
}

test_allow_listed_tools if {
	access.deny == set() with input as offering(["search", "lookup"]) with data.regent.tools as tools
}

test_allow_any_tool_where_nothing_is_listed if {
	access.deny == set() with input as offering(["anything"])
}

test_allow_no_tools if {
	every document in [samples.request, samples.plain("GET", "/v1/models"), object.union(offering(["x"]), {"phase": "response"})] {
		access.deny == set() with input as document with data.regent.tools as tools
	}
}

test_deny_tool_kept_for_others if {
	access.deny == {refused("transfer_money")} with input as offering(["search", "transfer_money"])
		with data.regent.tools as tools
}

test_deny_tool_that_is_not_listed if {
	access.deny == {refused("shell")} with input as offering(["shell"]) with data.regent.tools as tools
}

test_deny_entries_of_another_form if {
	every entry in [true, null, "all", {"roles": "analyst"}, {"roles": []}, {"roles": null}] {
		access.deny == {refused("search")} with input as offering(["search"]) with data.regent.tools as {"search": entry}
	}
	every list in [{}, [], null] {
		access.deny == {refused("search")} with input as offering(["search"]) with data.regent.tools as list
	}
}
