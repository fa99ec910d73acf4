# METADATA
# title: Personal data has a purpose
# description: |
#   Refuses personal data of a tenant under the GDPR unless the request names its purpose in `x-purpose`, and the tenant
#   and the model are both there for it (article 5(1)(b)). The purpose goes into the record.
# custom:
#   category: gdpr
#   codes:
#     - { code: purpose_missing, kind: content, status: 400 }
#     - { code: purpose_not_permitted, kind: permission, status: 403 }
package regent.rules.gdpr.purpose

import data.regent.lib.headers
import data.regent.lib.personal
import data.regent.lib.regimes
import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("purpose_missing", "content", "Name the purpose of this personal data in `x-purpose`.") if {
	_applies
	count(_purposes) == 0
}

deny contains result.denial("purpose_not_permitted", "permission", message) if {
	_applies
	some purpose in _purposes
	not _permitted(purpose)
	message := $"Personal data may not be used here for the purpose {values.shown(purpose)}."
}

labels["purpose"] := concat(",", sort(_purposes)) if {
	_applies
	count(_purposes) > 0
}

_applies if {
	input.phase == "request"
	regimes.under("gdpr")
	personal.present
}

_purposes := headers.words("x-purpose")

_permitted(purpose) if {
	purpose in data.regent.tenants[input.identity.tenant].purposes
	purpose in data.regent.models[input.model.name].purposes
}
