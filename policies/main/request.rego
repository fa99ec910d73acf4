# METADATA
# title: Decision about a request
# description: |
#   Refuses unless the caller is known, or the endpoint is public, and no rule refuses. Every reason is given.
# custom:
#   codes:
#     - { code: identity_required, kind: identity, status: 401 }
#     - { code: policy_input_invalid, kind: internal, status: 500 }
package regent.request

import data.regent.lib.caller
import data.regent.lib.compose

# METADATA
# entrypoint: true
default decision := {"allow": false, "reasons": [{
	"code": "policy_input_invalid",
	"kind": "internal",
	"message": "Policy was asked about a request with something that is not one.",
	"policy": "regent",
	"severity": "error",
}]}

decision := object.union(
	{"allow": false, "reasons": compose.ordered(_errors | compose.warnings), "audit": compose.audit},
	_permission,
) if {
	input.phase == "request"
}

default _permission := {}

_permission := object.union({"allow": true}, compose.obligations) if {
	caller.admitted
	count(_errors) == 0
}

_errors := compose.errors | _unadmitted

# The rule identity/required says this better. It is said here as well so that no set of rules can leave it out.
_unadmitted contains {
	"code": "identity_required",
	"kind": "identity",
	"message": "The caller is not known.",
	"policy": "regent",
	"severity": "error",
} if {
	not caller.admitted
	count(compose.errors) == 0
}
