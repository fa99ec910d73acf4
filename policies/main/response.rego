# METADATA
# title: Decision about an answer
# description: Lets an answer through unless a rule refuses it. Every reason is given.
# custom:
#   codes:
#     - { code: policy_input_invalid, kind: internal, status: 500 }
package regent.response

import data.regent.lib.compose

# METADATA
# entrypoint: true
default decision := {"allow": false, "reasons": [{
	"code": "policy_input_invalid",
	"kind": "internal",
	"message": "Policy was asked about an answer with something that is not one.",
	"policy": "regent",
	"severity": "error",
}]}

decision := object.union(
	{"allow": false, "reasons": compose.ordered(compose.errors | compose.warnings), "audit": compose.audit},
	_permission,
) if {
	input.phase == "response"
}

default _permission := {}

_permission := object.union({"allow": true}, compose.obligations) if count(compose.errors) == 0
