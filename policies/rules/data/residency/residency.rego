# METADATA
# title: Data stays in its regions
# description: |
#   Keeps the data of a tenant in the regions that are written down for it: targets elsewhere, or with no known
#   region, are forbidden. When none is left the request is refused.
# custom:
#   category: data
#   codes:
#     - { code: no_permitted_target, kind: no_target, status: 503 }
package regent.rules.data.residency

import data.regent.lib.endpoints
import data.regent.lib.result

targets_forbidden contains result.forbidden(target.name, _message) if {
	input.phase == "request"
	_resident
	some target in input.targets
	not _stays(target)
}

# Where nothing says which targets there are, nothing shows that the data would stay.
deny contains result.denial("no_permitted_target", "no_target", $"No target is known for this request; {_message}.") if {
	input.phase == "request"
	_resident
	_modelled
	not _has_targets
}

deny contains result.denial("no_permitted_target", "no_target", $"This endpoint is served elsewhere; {_message}.") if {
	input.phase == "request"
	_resident
	not _modelled
	endpoints.forwarded
	not _endpoint_in_region
}

# Any value restricts; only a list of regions lets data go anywhere.
_resident if _ = _residency

_residency := data.regent.tenants[input.identity.tenant].residency

_stays(target) if target.region in _residency

_modelled if is_object(input.model)

_has_targets if count(input.targets) > 0

_endpoint_in_region if {
	every endpoint in endpoints.matching {
		count(endpoint.regions) > 0
		every region in endpoint.regions {
			region in _residency
		}
	}
}

_message := $"data of {input.identity.tenant} must stay in {concat(", ", _residency)}"
