# METADATA
# title: AI systems are registered
# description: |
#   Refuses requests of a tenant under the EU AI Act that name no registered AI system, whose practice is prohibited
#   (article 5), or whose system is of high risk and without a person who oversees it (articles 14 and 26). The system, its
#   risk and its overseer go into the record (articles 12 and 19).
# custom:
#   category: eu_ai_act
#   codes:
#     - { code: ai_system_unknown, kind: permission, status: 403 }
#     - { code: ai_practice_prohibited, kind: permission, status: 403 }
#     - { code: ai_oversight_missing, kind: permission, status: 403 }
#     - { code: ai_model_not_assessed, kind: permission, status: 403 }
package regent.rules.eu_ai_act.records

import data.regent.lib.headers
import data.regent.lib.regimes
import data.regent.lib.result

deny contains result.denial("ai_system_unknown", "permission", _unknown_message) if {
	_applies
	not _registered
}

deny contains result.denial("ai_practice_prohibited", "permission", "This practice is prohibited by the EU AI Act.") if {
	_applies
	_system.risk == "prohibited"
}

deny contains result.denial("ai_oversight_missing", "permission", _oversight_message) if {
	_applies
	_system.risk == "high"
	not _overseen
}

deny contains result.denial("ai_model_not_assessed", "permission", _model_message) if {
	_applies
	_system.risk == "high"
	is_object(input.model)
	not _assessed
}

labels["ai_system"] := _name if {
	_applies
	_registered
}

labels["ai_risk"] := _system.risk if {
	_applies
	_registered
}

labels["ai_oversight"] := _system.oversight if {
	_applies
	_registered
	_overseen
}

_applies if {
	input.phase == "request"
	regimes.under("eu_ai_act")
	_ = input.inference
}

_named := headers.words("x-ai-system")

# A request is of one system: the one it names, else the tenant's own.
_name := name if {
	count(_named) == 1
	some name in _named
}

_name := data.regent.tenants[input.identity.tenant].ai_system if count(_named) == 0

_system := data.regent.ai_systems[_name]

_registered if {
	_system.risk in {"minimal", "limited", "high", "prohibited"}
	_is_tenants
}

# A system may be kept for tenants.
_is_tenants if input.identity.tenant in _system.tenants

_is_tenants if not _kept

_kept if _ = _system.tenants

_overseen if {
	is_string(_system.oversight)
	_system.oversight != ""
}

# The conformity assessment of a high-risk system covers the models that it lists.
_assessed if input.model.name in _system.models

_unknown_message := "Name the registered AI system of this request in `x-ai-system`."

_oversight_message := $"The AI system {_name} is of high risk and nobody is named who oversees it."

_model_message := $"The AI system {_name} was not assessed with the model {input.model.name}."
