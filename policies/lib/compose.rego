# METADATA
# title: Composition
# description: |
#   Joins what all rules say. Rules are found by their path, `data.regent.rules[category][rule]`, so that adding one
#   edits no other file. What a rule says in another form than the contract's never counts as silence: it is a refusal.
# custom:
#   codes:
#     - { code: no_permitted_target, kind: no_target, status: 503 }
#     - { code: policy_conflict, kind: internal, status: 500 }
#     - { code: policy_rule_invalid, kind: internal, status: 500 }
package regent.lib.compose

import data.regent.lib.contract

# What rules say, by the name of it and by rule. It is asked for name by name: to look at a rule as a whole would evaluate
# all that the rule keeps to itself, for every request. Names that are none are found when a bundle is activated, by
# `regent.check`.
_said.deny[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].deny
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.warn[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].warn
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.redact[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].redact
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.limits[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].limits
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.targets_forbidden[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].targets_forbidden
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.holds[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].holds
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.audit[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].audit
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.labels[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].labels
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.set_headers[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].set_headers
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.route[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].route
	_speaks(value)
	policy := concat("/", [category, rule])
}

_said.response[policy] := value if {
	some category, rule
	value := data.regent.rules[category][rule].response
	_speaks(value)
	policy := concat("/", [category, rule])
}

# Most rules have nothing to say about most requests.
_speaks(value) if {
	value != set()
	value != {}
}

_faults[policy] contains fault if {
	some name, rules in _said
	some policy, value in rules
	some fault in contract.faults(name, value)
}

# All reasons to refuse.
errors contains reason if {
	some policy, denials in _said.deny
	some denial in denials
	contract.is_denial(denial)
	reason := _error(policy, denial.code, denial.kind, denial.message)
}

errors contains reason if {
	some policy, faults in _faults
	reason := _error(policy, "policy_rule_invalid", "internal", $"Rule {policy}: {concat("; ", sort(faults))}.")
}

errors contains reason if {
	some what, names in _values
	some name, policies in names
	count(policies) > 1
	rules := concat(", ", sort(union({givers | some givers in policies})))
	reason := _error("regent", "policy_conflict", "internal", $"Rules give different values for {what} `{name}`: {rules}.")
}

errors contains reason if {
	count(_holds) > 1
	message := $"Rules ask for different approvals: {concat(", ", sort(_holds))}."
	reason := _error("regent", "policy_conflict", "internal", message)
}

errors contains reason if {
	count(input.targets) > 0
	count(_targets) == 0
	some policy, forbidden in _forbidden
	why := concat("; ", [$"{target}: {concat(", ", sort(reasons))}" | some target, reasons in forbidden])
	reason := _error(policy, "no_permitted_target", "no_target", $"No target may serve this request ({why}).")
}

# What the caller is told although nothing is refused.
warnings contains reason if {
	some policy, given in _said.warn
	some warning in given
	reason := {
		"code": warning.code,
		"kind": object.get(warning, "kind", "content"),
		"message": warning.message,
		"policy": policy,
		"severity": "warning",
	}
}

# Reasons in the order in which they decide: refusals by their kind, those about the caller first, then warnings, each
# by rule, code and message.
ordered(reasons) := [reason |
	some [_, _, _, _, _, reason] in sort([[_rank(entry), _depth(entry), entry.policy, entry.code, entry.message, entry] |
		some entry in reasons
	])
]

obligations := object.union(_hold, {
	"redact": sort({member | some members in _said.redact; some member in members}),
	"route": object.union_n([_targets_of_route, _model_of_route, _strictness, {"headers": _first("route header")}]),
	"limits": _limits,
	"transform": {"set_headers": _first("header")},
	"response": object.union({"inspect": _inspects_answers}, _bounds),
})

# A rule that asks for a level is heard whatever is configured.
audit := {"level": object.get(_first("audit"), "level", _audit_level), "labels": _first("label")}

default _audit_level := "redacted"

_audit_level := data.regent.config.audit.level

default _inspects_answers := false

_inspects_answers if {
	some members in _said.redact
	some member in members
	member.where in {"response", "both"}
}

_inspects_answers if {
	some response in _said.response
	response.inspect == true
}

# Only what is looked through is held back for it.
_inspects_answers if {
	some response in _said.response
	_ = response.stream_window_bytes
}

# Of what rules ask of an answer the more careful holds, as it does between the decisions on a request and on its answer:
# the largest window, and the smallest number of tokens.
_bounds.stream_window_bytes := max({bytes |
	some response in _said.response
	bytes := response.stream_window_bytes
})

_bounds.max_output_tokens := min({tokens |
	some response in _said.response
	tokens := response.max_output_tokens
})

# The rules that give a value to a name: by what it is a name of, name and value. Every head has the same depth of
# variables: where one has a constant more, compiled Wasm does not find it by a variable (`_values[what]`).
_values.label[name][value] contains policy if {
	some policy, labels in _said.labels
	contract.is_text_map(labels)
	some name, value in labels
}

_values.header[lower(name)][value] contains policy if {
	some policy, headers in _said.set_headers
	some name, value in headers
}

_values.audit[name][member.level] contains policy if {
	name := "level"
	some policy, members in _said.audit
	some member in members
	contract.is_audit(member)
}

_values["route header"][lower(name)][value] contains policy if {
	some policy, route in _said.route
	some name, value in route.headers
}

_values.route[name][route.model] contains policy if {
	name := "model"
	some policy, route in _said.route
}

# Where rules disagree the decision is a refusal, so that it does not matter which value stands here.
_first(what) := {name: min({value | some value, _ in policies}) | some name, policies in _values[what]}

_model_of_route := _first("route")

default _strictness := {}

_strictness := {"strict": true} if {
	some route in _said.route
	route.strict == true
}

default _targets_of_route := {}

_targets_of_route := {"targets": _targets} if {
	input.phase == "request"
	is_array(input.targets)
}

# Names in the order given, the first of each.
_targets := [target.name |
	some position, target in input.targets
	not _is_forbidden(target)
	not _stands_before(target, position)
]

_is_forbidden(target) if {
	some forbidden in _forbidden
	forbidden[target.name]
}

_stands_before(target, position) if {
	some index, earlier in input.targets
	index < position
	earlier.name == target.name
}

# Reasons by target, by rule.
_forbidden[policy][member.target] contains member.reason if {
	some policy, members in _said.targets_forbidden
	some member in members
}

# Of two amounts for one key, unit and window the smaller one holds. Sorted, because compiled Wasm goes through an object
# in another order than OPA.
_limits := sort([{"key": key, "unit": unit, "amount": min(amounts), "window": window} |
	some [key, unit, window], amounts in _amounts
])

_amounts[[member.key, member.unit, member.window]] contains member.amount if {
	some members in _said.limits
	some member in members
}

_holds contains member.approval if {
	some members in _said.holds
	some member in members
}

default _hold := {}

_hold := {"hold": {"approval": min(_holds)}} if count(_holds) > 0

_error(policy, code, kind, message) := {
	"code": code,
	"kind": kind,
	"message": message,
	"policy": policy,
	"severity": "error",
}

# Who somebody is stands before what they may do.
_depth(reason) := 0 if startswith(reason.policy, "identity/")

else := 1

_rank(reason) := count(contract.kinds) if reason.severity == "warning"

_rank(reason) := rank if {
	reason.severity == "error"
	some rank, kind in contract.kinds
	kind == reason.kind
}
