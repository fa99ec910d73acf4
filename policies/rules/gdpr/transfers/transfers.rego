# METADATA
# title: Personal data stays where the GDPR holds
# description: |
#   Keeps personal data of a tenant under the GDPR in regions that are written down as permitted: targets elsewhere, or
#   with no known region, are forbidden (chapter V). When none is left the request is refused.
# custom:
#   category: gdpr
#   codes:
#     - { code: no_permitted_target, kind: no_target, status: 503 }
package regent.rules.gdpr.transfers

import data.regent.lib.endpoints
import data.regent.lib.personal
import data.regent.lib.regimes
import data.regent.lib.result

targets_forbidden contains result.forbidden(target.name, "personal data under the GDPR must not go there") if {
	_applies
	some target in input.targets
	not _permitted(target)
}

# Personal data is not sent where nothing says what region it is.
deny contains result.denial("no_permitted_target", "no_target", _message) if {
	_applies
	endpoints.forwarded
	not _endpoint_permitted
}

_applies if {
	input.phase == "request"
	regimes.under("gdpr")
	personal.present
}

_permitted(target) if target.region in data.regent.config.gdpr.transfers.regions

_endpoint_permitted if {
	every endpoint in endpoints.matching {
		count(endpoint.regions) > 0
		every region in endpoint.regions {
			region in data.regent.config.gdpr.transfers.regions
		}
	}
}

_message := "This endpoint is served where personal data under the GDPR must not go."
