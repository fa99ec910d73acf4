# METADATA
# title: Health data only under a business associate agreement
# description: |
#   Lets protected health information of a tenant under HIPAA go only to models and providers with which a business
#   associate agreement stands (45 CFR 164.502(e)): other models are refused, other targets are forbidden.
# custom:
#   category: hipaa
#   codes:
#     - { code: phi_not_permitted, kind: permission, status: 403 }
package regent.rules.hipaa.phi

import data.regent.lib.data_classes
import data.regent.lib.endpoints
import data.regent.lib.personal
import data.regent.lib.regimes
import data.regent.lib.result

deny contains result.denial("phi_not_permitted", "permission", _model_message) if {
	_applies
	is_object(input.model)
	not _model_covered
}

deny contains result.denial("phi_not_permitted", "permission", "Health data must not go to this endpoint.") if {
	_applies
	endpoints.forwarded
	not _endpoint_covered
}

targets_forbidden contains result.forbidden(target.name, "no business associate agreement") if {
	_applies
	some target in input.targets
	not _covered(target)
}

_applies if {
	input.phase == "request"
	regimes.under("hipaa")
	_phi
}

_phi if "phi" in data_classes.classes

# What a detector found about a person is health data to a covered entity.
_phi if count(personal.types) > 0

_model_covered if data.regent.models[input.model.name].baa == true

_covered(target) if data.regent.providers[target.provider].baa == true

_endpoint_covered if {
	every endpoint in endpoints.matching {
		endpoint.baa == true
	}
}

_model_message := $"The model {input.model.name} is not covered by a business associate agreement."
