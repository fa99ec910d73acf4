# METADATA
# title: A client identity is required
# description: Refuses a request when nothing established who is calling, unless the endpoint is public.
# custom:
#   category: identity
#   codes:
#     - { code: identity_required, kind: identity, status: 401 }
package regent.rules.identity.required

import data.regent.lib.caller
import data.regent.lib.result

deny contains result.denial("identity_required", "identity", _message) if {
	input.phase == "request"
	not caller.admitted
}

_message := "Say who is calling: send an API key as `authorization: Bearer` or `x-api-key`, or a client certificate."
