# METADATA
# title: Personal data is masked
# description: |
#   Has personal data and secrets taken out of prompts before a model sees them, and out of answers where that is switched on.
# custom:
#   category: privacy
#   codes: []
package regent.rules.privacy.mask_personal_data

redact contains {"type": type, "action": "mask", "where": _where} if {
	input.phase == "request"
	_ = input.inference
	some type in _types
}

default _where := "request"

_where := "both" if data.regent.config.privacy.mask_personal_data.answers == true

default _types := ["EMAIL_ADDRESS", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "PHONE_NUMBER", "SECRET"]

# Anything but a list leaves all types masked.
_types := data.regent.config.privacy.mask_personal_data.types if {
	is_array(data.regent.config.privacy.mask_personal_data.types)
}
