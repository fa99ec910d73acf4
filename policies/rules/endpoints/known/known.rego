# METADATA
# title: Endpoints must be known
# description: Refuses what no wire format understood, unless the endpoint is listed in the data.
# custom:
#   category: endpoints
#   codes:
#     - { code: unknown_endpoint, kind: unknown, status: 404 }
package regent.rules.endpoints.known

import data.regent.lib.endpoints
import data.regent.lib.result

deny contains result.denial("unknown_endpoint", "unknown", _message) if {
	input.phase == "request"
	not _understood
	not endpoints.listed
}

# `json` is any JSON body: nothing in it was understood.
_understood if {
	is_string(input.inference.format)
	input.inference.format != "json"
}

_message := $"{input.request.method} is not served at this path."
