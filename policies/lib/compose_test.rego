package regent.lib_test.compose

import data.regent.lib.compose
import data.regent.samples_test as samples

error(policy, code, kind, message) := {
	"code": code,
	"kind": kind,
	"message": message,
	"policy": policy,
	"severity": "error",
}

faulty(fault) := {error("a/b", "policy_rule_invalid", "internal", $"Rule a/b: {fault}.")}

rules(rule) := {"a": {"b": rule}}

denial := {"code": "not_now", "kind": "permission", "message": "Not now."}

test_allow_nothing_said if {
	every rule in [{}, {"deny": set()}, {"_private": "anything"}, {"labels": {}, "set_headers": {}, "route": {}}] {
		compose.errors == set() with input as samples.request with data.regent.rules as rules(rule)
	}
}

test_allow_and_join_obligations if {
	obligations := {
		"hold": {"approval": "security"},
		"redact": [
			{"type": "SECRET", "action": "block", "where": "both"},
			{"type": "US_SSN", "action": "mask", "where": "request"},
		],
		"route": {"targets": ["sim-eu"], "model": "sim-large", "headers": {"x-route": "b"}},
		"limits": [
			{"key": "k", "unit": "requests", "amount": 5, "window": "1m"},
			{"key": "k", "unit": "tokens", "amount": 10, "window": "1h"},
		],
		"transform": {"set_headers": {"x-one": "1", "x-two": "2"}},
		"response": {"inspect": true, "stream_window_bytes": 1024, "max_output_tokens": 200},
	}
	compose.errors == set() with input as samples.request with data.regent.rules as joined
	compose.obligations == obligations with input as samples.request with data.regent.rules as joined
	compose.audit == {"level": "digest", "labels": {"team": "x", "class": "y"}} with input as samples.request
		with data.regent.rules as joined
		with data.regent.config.audit.level as "digest"
}

joined := {
	"a": {
		"b": {
			"redact": {{"type": "US_SSN", "action": "mask", "where": "request"}},
			"limits": {{"key": "k", "unit": "tokens", "amount": 20, "window": "1h"}},
			"labels": {"team": "x"},
			"set_headers": {"X-One": "1"},
			"holds": {{"approval": "security"}},
			"route": {"model": "sim-large"},
			"response": {"stream_window_bytes": 1024, "max_output_tokens": 500},
		},
		"c": {
			"limits": {
				{"key": "k", "unit": "tokens", "amount": 10, "window": "1h"},
				{"key": "k", "unit": "requests", "amount": 5, "window": "1m"},
			},
			"labels": {"team": "x", "class": "y"},
			"set_headers": {"x-one": "1", "x-two": "2"},
			"holds": {{"approval": "security"}},
		},
	},
	"d": {"e": {
		"redact": {{"type": "SECRET", "action": "block", "where": "both"}},
		"targets_forbidden": {{"target": "sim-us", "reason": "far away"}},
		"route": {"model": "sim-large", "headers": {"X-Route": "b"}},
		"response": {"inspect": false, "stream_window_bytes": 64, "max_output_tokens": 200},
	}},
}

test_allow_with_the_more_careful_of_what_rules_ask_of_an_answer if {
	every phase in [samples.request, samples.response] {
		every asked in [
			[{"inspect": true}, {"inspect": false}, {"inspect": true}],
			[{"inspect": false}, {}, {"inspect": false}],
			[
				{"stream_window_bytes": 64},
				{"stream_window_bytes": 2000},
				{"inspect": true, "stream_window_bytes": 2000},
			],
			[{"stream_window_bytes": 64}, {"inspect": false}, {"inspect": true, "stream_window_bytes": 64}],
			[{"max_output_tokens": 9}, {"max_output_tokens": 10}, {"inspect": false, "max_output_tokens": 9}],
			[
				{"max_output_tokens": 9007199254740991},
				{"inspect": true},
				{"inspect": true, "max_output_tokens": 9007199254740991},
			],
		] {
			[one, other, together] := asked
			_response_of(one, other, phase) == together
			_response_of(other, one, phase) == together
		}
	}
}

_response_of(one, other, document) := response if {
	together := {"a": {"b": {"response": one}, "c": {"response": other}}}
	compose.errors == set() with input as document with data.regent.rules as together
	response := compose.obligations.response with input as document with data.regent.rules as together
}

test_allow_with_the_stricter_of_two_translations if {
	every asked in [
		[true, false, {"strict": true}],
		[false, true, {"strict": true}],
		[true, true, {"strict": true}],
		[false, false, {}],
	] {
		[one, other, expected] := asked
		together := {"a": {"b": {"route": {"strict": one}}, "c": {"route": {"strict": other}}}}
		targets := {"targets": ["sim-us", "sim-eu"], "headers": {}}
		compose.errors == set() with input as samples.request with data.regent.rules as together
		route := compose.obligations.route with input as samples.request with data.regent.rules as together
		route == object.union(targets, expected)
	}
}

test_allow_with_the_audit_level_that_a_rule_asks_for if {
	compose.audit == {"level": "digest", "labels": {}} with input as samples.request
		with data.regent.rules as {"a": {"b": {"audit": {{"level": "digest"}}}, "c": {"audit": {{"level": "digest"}}}}}
		with data.regent.config.audit.level as "full"
}

test_allow_targets_in_the_order_given_each_once if {
	targets := [{"name": "b"}, {"name": "a"}, {"name": "b"}, {"name": "c"}, {"region": "nameless"}]
	compose.obligations.route == {"targets": ["b", "a", "c"], "headers": {}} with data.regent.rules as {}
		with input as object.union(samples.request, {"targets": targets})
}

test_allow_without_saying_anything_about_targets_that_are_not_known if {
	compose.obligations.route == {"headers": {}} with input as samples.plain("GET", "/v1/models") with data.regent.rules as {}
	compose.obligations.route == {"headers": {}} with input as samples.response with data.regent.rules as {}
}

test_deny_every_denial_by_its_rule if {
	compose.errors == {
		error("a/b", "not_now", "permission", "Not now."),
		error("c/d", "not_now", "permission", "Not now."),
		error("c/d", "too_big", "content", "Too big."),
	} with input as samples.request with data.regent.rules as {
		"a": {"b": {"deny": {object.union(denial, {"severity": "error"})}}},
		"c": {"d": {"deny": {denial, {"code": "too_big", "kind": "content", "message": "Too big."}}}},
	}
}

test_deny_from_an_array if {
	compose.errors == {error("a/b", "not_now", "permission", "Not now.")} with input as samples.request
		with data.regent.rules as rules({"deny": [denial]})
}

test_deny_sets_of_another_form if {
	every name in ["deny", "warn", "redact", "limits", "targets_forbidden", "holds", "audit"] {
		every value in [true, "text", 1, {"a": "b"}, null] {
			count(compose.errors) > 0 with input as samples.request with data.regent.rules as rules({name: value})
		}
		compose.errors == faulty($"`{name}` must be a set") with input as samples.request
			with data.regent.rules as rules({name: true})
	}
}

test_deny_objects_of_another_form if {
	every name in ["labels", "set_headers", "route", "response"] {
		every value in ["text", ["a"], {"a": 1}, {"headers": {"a": 1}}, {"model": 1}, {"strict": 1}, null] {
			compose.errors == faulty($"`{name}` has another form") with input as samples.request
				with data.regent.rules as rules({name: value})
		}
	}
}

test_deny_parts_of_an_answer_of_another_form if {
	bad_counts := [0, -1, 0.5, 9007199254740992, "1", null, true, [1]]
	every name, values in {
		"inspect": ["true", 1, null],
		"stream_window_bytes": bad_counts,
		"max_output_tokens": bad_counts,
		"extra": [true],
	} {
		every value in values {
			compose.errors == faulty("`response` has another form") with input as samples.request
				with data.regent.rules as rules({"response": {name: value}})
		}
	}
}

members := {
	"deny": denial,
	"warn": {"code": "soon", "message": "Soon."},
	"redact": {"type": "SECRET", "action": "mask", "where": "request"},
	"limits": {"key": "k", "unit": "tokens", "amount": 1, "window": "1h"},
	"targets_forbidden": {"target": "sim-us", "reason": "far"},
	"holds": {"approval": "security"},
	"audit": {"level": "digest"},
}

bad_parts := {
	"deny": {"code": ["", 1, "a b", "-a"], "kind": ["", "odd", null], "message": ["", 1], "severity": ["warning", "high"], "extra": [1]},
	"warn": {"code": ["", 1], "kind": ["odd"], "message": [""], "severity": ["error"], "extra": [1]},
	"redact": {"type": ["", 1], "action": ["MASK", null], "where": ["here"], "extra": [1]},
	"limits": {
		"key": [""],
		"unit": ["dollars"],
		"amount": ["1", -1, 0.5, null],
		"window": ["", "0h", "1", "1w", 60, null],
		"extra": [1],
	},
	"targets_forbidden": {"target": ["", null], "reason": ["", null], "extra": [1]},
	"holds": {"approval": ["", true], "extra": [1]},
	"audit": {"level": ["", "all", null], "extra": [1]},
}

test_deny_members_of_another_form if {
	every name, parts in bad_parts {
		every part, values in parts {
			every value in values {
				bad := object.union(members[name], {part: value})
				compose.errors == faulty($"`{name}` has a member of another form")
					with input as samples.request with data.regent.rules as rules({name: {bad}})
			}
		}
	}
}

test_deny_members_that_lack_a_part if {
	every name, member in members {
		every part, _ in member {
			bad := json.remove(member, [part])
			compose.errors == faulty($"`{name}` has a member of another form")
				with input as samples.request with data.regent.rules as rules({name: {bad}})
		}
	}
}

test_deny_members_that_are_no_objects if {
	every name, _ in members {
		compose.errors == faulty($"`{name}` has a member of another form") with input as samples.request
			with data.regent.rules as rules({name: {"text"}})
	}
}

# What is well-formed in such a rule still refuses.
test_deny_with_the_sound_part_of_a_faulty_rule if {
	faulty_rule := {"deny": {denial}, "labels": {"a": 1}, "set_headers": {"x-a": "b"}}
	compose.errors == {
		error("a/b", "not_now", "permission", "Not now."),
		error("a/b", "policy_rule_invalid", "internal", "Rule a/b: `labels` has another form."),
	} with input as samples.request with data.regent.rules as rules(faulty_rule)
	compose.audit.labels == {} with input as samples.request with data.regent.rules as rules(faulty_rule)
}

test_deny_two_values_for_one_name if {
	every conflict in [
		["header `x-a`", {"set_headers": {"X-A": "1"}}, {"set_headers": {"x-a": "2"}}],
		["audit `level`", {"audit": {{"level": "digest"}}}, {"audit": {{"level": "full"}}}],
		["label `team`", {"labels": {"team": "1"}}, {"labels": {"team": "2"}}],
		["route `model`", {"route": {"model": "1"}}, {"route": {"model": "2"}}],
		["route header `x-a`", {"route": {"headers": {"x-a": "1"}}}, {"route": {"headers": {"x-a": "2"}}}],
	] {
		[what, one, other] := conflict
		compose.errors == {error("regent", "policy_conflict", "internal", $"Rules give different values for {what}: a/b, c/d.")}
			with input as samples.request with data.regent.rules as {"a": {"b": one}, "c": {"d": other}}
	}
}

test_deny_two_approvals if {
	compose.errors == {error("regent", "policy_conflict", "internal", "Rules ask for different approvals: a, b.")}
		with input as samples.request
		with data.regent.rules as {"a": {"b": {"holds": {{"approval": "b"}}}}, "c": {"d": {"holds": {{"approval": "a"}}}}}
}

test_deny_when_no_target_is_left if {
	compose.errors == {
		error("a/b", "no_permitted_target", "no_target", "No target may serve this request (sim-us: far)."),
		error("c/d", "no_permitted_target", "no_target", "No target may serve this request (sim-eu: cold, wet; sim-us: far)."),
	} with input as samples.request with data.regent.rules as {
		"a": {"b": {"targets_forbidden": {{"target": "sim-us", "reason": "far"}}}},
		"c": {"d": {"targets_forbidden": {
			{"target": "sim-us", "reason": "far"},
			{"target": "sim-eu", "reason": "cold"},
			{"target": "sim-eu", "reason": "wet"},
		}}},
	}
}

test_allow_reasons_in_the_order_in_which_they_decide if {
	reasons := [
		error("z/z", "i", "identity", "m"),
		error("a/a", "c", "content", "m"),
		error("a/a", "u", "unknown", "m"),
		error("a/a", "r", "retired", "m"),
		error("identity/z", "z", "permission", "m"),
		error("a/a", "p", "permission", "m"),
		error("b/a", "o", "permission", "m"),
		error("b/a", "p", "permission", "l"),
		error("b/a", "p", "permission", "m"),
		error("a/a", "b", "budget", "m"),
		error("a/a", "n", "no_target", "m"),
		error("a/a", "x", "internal", "m"),
		object.union(error("a/a", "w", "identity", "m"), {"severity": "warning"}),
	]
	compose.ordered({reason | some reason in reasons}) == reasons
}
