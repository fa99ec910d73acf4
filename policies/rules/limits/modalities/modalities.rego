# METADATA
# title: Modalities by tenant
# description: Refuses images, audio and whatever else a tenant may not send to a model.
# custom:
#   category: limits
#   codes:
#     - { code: modality_not_permitted, kind: permission, status: 403 }
package regent.rules.limits.modalities

import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("modality_not_permitted", "permission", message) if {
	input.phase == "request"
	some permitted in _lists
	some modality in input.inference.modalities
	not _within(modality, permitted)
	message := $"The modality {values.shown(modality)} may not be sent."
}

_lists contains data.regent.tenants[input.identity.tenant].modalities

_lists contains data.regent.config.limits.modalities

_within(modality, permitted) if modality in permitted
