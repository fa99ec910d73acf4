package regent.check_test

import data.regent.check

denial := {"code": "not_now", "kind": "permission", "message": "Not now."}

rules(rule) := {"a": {"b": rule}}

test_allow_the_rules_as_they_are if {
	check.faults == set()
	check.faults == set() with data.regent.rules as {}
}

test_allow_every_name_of_the_contract_and_names_of_its_own if {
	every name in ["deny", "warn", "redact", "limits", "targets_forbidden", "holds", "audit", "labels", "set_headers", "route", "response", "_own"] {
		check.faults == set() with data.regent.rules as rules({name: {}})
	}
}

test_deny_names_that_are_no_part_of_a_rule if {
	check.faults == {"a/b: `denny` is no part of a rule; names of its own begin with `_`"}
		with data.regent.rules as rules({"denny": {denial}, "deny": set()})
}

test_deny_rule_in_a_package_that_is_too_short if {
	check.faults == {"a/deny: its package must be regent.rules.<category>.<rule>"}
		with data.regent.rules as {"a": {"deny": {denial}}}
}

test_deny_rule_in_a_package_that_is_too_long if {
	check.faults == {"a/b: `c` is no part of a rule; names of its own begin with `_`"}
		with data.regent.rules as rules({"c": {"deny": {denial}}})
}

test_allow_paths_of_the_contract_and_of_its_own if {
	check.faults == set() with input as {"rules": [["a", "b", "deny"], ["a", "b", "_own"], ["a", "b", "response"]]}
	check.faults == set() with input as {"rules": []}
	check.faults == set() with input as {}
}

# The rules have no value, as under a condition that does not hold.
test_deny_paths_that_are_no_part_of_a_rule if {
	check.faults == {
		"a/b: `denies` is no part of a rule; names of its own begin with `_`",
		"a/c: `routes` is no part of a rule; names of its own begin with `_`",
	} with input as {"rules": [["a", "b", "denies"], ["a", "b", "deny"], ["a", "c", "routes"]]}
}

test_deny_paths_that_are_too_short if {
	check.faults == {
		"a/deny: its package must be regent.rules.<category>.<rule>",
		"deny: its package must be regent.rules.<category>.<rule>",
	} with input as {"rules": [["a", "deny"], ["deny"]]}
}
