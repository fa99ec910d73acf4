# METADATA
# title: Models must be known
# description: Refuses a model that is not in the registry.
# custom:
#   category: models
#   codes:
#     - { code: unknown_model, kind: unknown, status: 404 }
package regent.rules.models.known

import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("unknown_model", "unknown", _message) if {
	input.phase == "request"
	_names_a_model
	not _resolved
}

_names_a_model if input.inference.format != "json"

_names_a_model if input.inference.model != ""

_resolved if is_object(input.model)

_message := $"The model {values.shown(input.inference.model)} is not known here. GET /v1/models lists what you may use."
