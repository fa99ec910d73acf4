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

# Every rule by its name, `category/rule`.
_rules[$"{category}/{name}"] := rule if {
	some category, rules in data.regent.rules
	some name, rule in rules
}

_faults[policy] contains fault if {
	some policy, rule in _rules
	not is_object(rule)
	fault := "its package must be regent.rules.<category>.<rule>"
}

_faults[policy] contains fault if {
	some policy, rule in _rules
	is_object(rule)
	some name, value in rule
	some fault in contract.faults(name, value)
}

# The rules whose obligations can be carried out as they stand.
_sound[policy] := rule if {
	some policy, rule in _rules
	not _faults[policy]
}

# All reasons to refuse.
errors contains reason if {
	some policy, rule in _rules
	some denial in rule.deny
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
	some policy, rule in _sound
	some warning in rule.warn
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
	"redact": sort({member | some rule in _sound; some member in rule.redact}),
	"route": object.union_n([_targets_of_route, _model_of_route, {"headers": _first("route header")}]),
	"limits": _limits,
	"transform": {"set_headers": _first("header")},
	"response": {"inspect": _inspects_answers},
})

audit := {"level": _audit_level, "labels": _first("label")}

default _audit_level := "redacted"

_audit_level := data.regent.config.audit.level

default _inspects_answers := false

_inspects_answers if {
	some rule in _sound
	some member in rule.redact
	member.where in {"response", "both"}
}

# The rules that give a value to a name: by what it is a name of, name and value.
_values.label[name][value] contains policy if {
	some policy, rule in _sound
	some name, value in rule.labels
}

_values.header[lower(name)][value] contains policy if {
	some policy, rule in _sound
	some name, value in rule.set_headers
}

_values["route header"][lower(name)][value] contains policy if {
	some policy, rule in _sound
	some name, value in rule.route.headers
}

_values.route.model[rule.route.model] contains policy if some policy, rule in _sound

# Where rules disagree the decision is a refusal, so that it does not matter which value stands here.
_first(what) := {name: min({value | some value, _ in policies}) | some name, policies in _values[what]}

_model_of_route := _first("route")

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
	some policy, rule in _sound
	some member in rule.targets_forbidden
}

# Of two amounts for one key, unit and window the smaller one holds.
_limits := [{"key": key, "unit": unit, "amount": min(amounts), "window": window} |
	some [key, unit, window], amounts in _amounts
]

_amounts[[member.key, member.unit, member.window]] contains member.amount if {
	some rule in _sound
	some member in rule.limits
}

_holds contains member.approval if {
	some rule in _sound
	some member in rule.holds
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
