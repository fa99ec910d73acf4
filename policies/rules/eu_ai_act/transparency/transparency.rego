# METADATA
# title: Answers say that a machine wrote them
# description: Marks every answer of a model to a tenant under the EU AI Act as made by AI (article 50).
# custom:
#   category: eu_ai_act
#   codes: []
package regent.rules.eu_ai_act.transparency

import data.regent.lib.regimes

set_headers["x-ai-generated"] := "true" if {
	input.phase == "response"
	regimes.under("eu_ai_act")
	_ = input.inference
}
