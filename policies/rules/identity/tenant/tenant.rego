# METADATA
# title: The tenant must be known
# description: |
#   Refuses a caller whose tenant has no entry in the data: where its data must stay, how it is classified and what
#   it may spend would all be guesses.
# custom:
#   category: identity
#   codes:
#     - { code: tenant_unknown, kind: permission, status: 403 }
package regent.rules.identity.tenant

import data.regent.lib.caller
import data.regent.lib.endpoints
import data.regent.lib.result

deny contains result.denial("tenant_unknown", "permission", _message) if {
	input.phase == "request"
	caller.known
	not endpoints.public
	not _described
}

_described if is_object(data.regent.tenants[input.identity.tenant])

_described if data.regent.config.identity.tenant.optional == true

default _message := "The caller belongs to no tenant."

_message := $"Nothing is known here about the tenant {input.identity.tenant}." if is_string(input.identity.tenant)
