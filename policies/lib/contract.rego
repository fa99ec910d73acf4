# METADATA
# title: Contract of a rule
# description: What a rule may define, and the form of each member. Whatever has another form is a fault of the rule.
package regent.lib.contract

# The kinds of a reason in the order in which the first decides the status of a refusal.
kinds := ["identity", "content", "unknown", "retired", "permission", "budget", "no_target", "internal"]

_kinds := {kind | some kind in kinds}

# What is wrong with what a rule defines under a name: a set of sentences, empty when all is well.
faults(name, value) := {$"`{name}` must be a set" | not _is_collection(value)} | {fault |
	some member in value
	not _member(name, member)
	fault := $"`{name}` has a member of another form"
} if {
	_outlets[name] == "set"
}

faults(name, value) := {$"`{name}` has another form" | not _object(name, value)} if {
	_outlets[name] == "object"
}

# What is wrong with a name that a rule defines. Names that begin with `_` are the rule's own.
name_faults(name) := set() if startswith(name, "_")

name_faults(name) := {$"`{name}` is no part of a rule; names of its own begin with `_`" | not _outlets[name]} if {
	not startswith(name, "_")
}

_outlets := {
	"deny": "set",
	"warn": "set",
	"redact": "set",
	"limits": "set",
	"targets_forbidden": "set",
	"holds": "set",
	"audit": "set",
	"labels": "object",
	"set_headers": "object",
	"route": "object",
	"response": "object",
}

# One well-formed reason to refuse.
is_denial(member) if {
	_only(member, {"code", "kind", "message", "severity"})
	_is_code(member.code)
	member.kind in _kinds
	_is_text(member.message)
	object.get(member, "severity", "error") == "error"
}

_member("deny", member) if is_denial(member)

_member("warn", member) if {
	_only(member, {"code", "kind", "message", "severity"})
	_is_code(member.code)
	object.get(member, "kind", "content") in _kinds
	_is_text(member.message)
	object.get(member, "severity", "warning") == "warning"
}

_member("redact", member) if {
	_only(member, {"type", "action", "where"})
	_is_text(member.type)
	member.action in {"mask", "hash", "tokenize", "block"}
	member.where in {"request", "response", "both"}
}

_member("limits", member) if {
	_only(member, {"key", "unit", "amount", "window"})
	_is_text(member.key)
	member.unit in {"tokens", "requests"}
	is_number(member.amount)
	member.amount >= 0
	member.amount == floor(member.amount)
	regex.match(`^[1-9][0-9]{0,9}(ms|s|m|h|d)$`, member.window)
}

_member("targets_forbidden", member) if {
	_only(member, {"target", "reason"})
	_is_text(member.target)
	_is_text(member.reason)
}

_member("holds", member) if {
	_only(member, {"approval"})
	_is_text(member.approval)
}

_member("audit", member) if is_audit(member)

# A level that the record of an exchange is to have.
is_audit(member) if {
	_only(member, {"level"})
	member.level in {"full", "redacted", "digest"}
}

_object("labels", value) if is_text_map(value)

_object("set_headers", value) if is_text_map(value)

_object("route", value) if {
	_only(value, {"model", "headers", "strict"})
	_is_text(object.get(value, "model", "unset"))
	is_text_map(object.get(value, "headers", {}))
	is_boolean(object.get(value, "strict", false))
}

_object("response", value) if {
	_only(value, {"inspect", "stream_window_bytes", "max_output_tokens"})
	is_boolean(object.get(value, "inspect", false))
	_is_count(object.get(value, "stream_window_bytes", 1))
	_is_count(object.get(value, "max_output_tokens", 1))
}

_is_collection(value) if is_set(value)

_is_collection(value) if is_array(value)

_only(value, names) if {
	is_object(value)
	object.keys(value) - names == set()
}

# Codes become header values and metric labels.
_is_code(value) if regex.match(`^[A-Za-z0-9][A-Za-z0-9_.\-/]{0,99}$`, value)

# A whole number from 1 to the largest that JSON carries exactly everywhere, 2^53 - 1.
_is_count(value) if {
	is_number(value)
	value >= 1
	value <= 9007199254740991
	value == floor(value)
}

_is_text(value) if {
	is_string(value)
	value != ""
}

is_text_map(value) if {
	is_object(value)
	every name, text in value {
		_is_text(name)
		is_string(text)
	}
}
