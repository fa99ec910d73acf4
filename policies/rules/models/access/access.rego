# METADATA
# title: Models by role
# description: Refuses a model that is kept for roles the caller does not have.
# custom:
#   category: models
#   codes:
#     - { code: model_not_permitted, kind: permission, status: 403 }
package regent.rules.models.access

import data.regent.lib.result

deny contains result.denial("model_not_permitted", "permission", _message) if {
	input.phase == "request"
	_restricted
	not _permitted
}

# `roles` that are there in any form restrict: only a list with one of the caller's roles permits.
_restricted if _ = input.model.roles

_permitted if {
	some role in input.identity.roles
	role in input.model.roles
}

_message := $"Your roles do not include one that may use the model {input.model.name}."
