# METADATA
# title: Personal data is kept small
# description: |
#   Refuses a prompt of a tenant under the GDPR that carries more pieces of personal data than one question can need
#   (article 5(1)(c)): what is masked afterwards was still sent.
# custom:
#   category: gdpr
#   codes:
#     - { code: personal_data_excessive, kind: content, status: 400 }
package regent.rules.gdpr.minimisation

import data.regent.lib.regimes
import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("personal_data_excessive", "content", _message) if {
	input.phase == "request"
	regimes.under("gdpr")
	_found > 0
	not _within
}

_found := sum([finding.count | some finding in input.findings; finding.type != "SECRET"])

_within if values.within(_found, _limit)

default _limit := 10

_limit := data.regent.config.gdpr.minimisation.max_findings

_message := $"The prompt holds {_found} pieces of personal data, and at most {_limit} may go into one: send only what is needed."
