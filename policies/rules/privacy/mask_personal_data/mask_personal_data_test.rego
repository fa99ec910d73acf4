package regent.rules_test.privacy.mask_personal_data

import data.regent.rules.privacy.mask_personal_data
import data.regent.samples_test as samples

masked(types) := {{"type": type, "action": "mask", "where": "request"} | some type in types}

everything := masked(["EMAIL_ADDRESS", "CREDIT_CARD", "US_SSN", "IBAN_CODE", "PHONE_NUMBER", "SECRET"])

test_allow_and_mask_every_type if {
	mask_personal_data.redact == everything with input as samples.request
}

test_allow_and_mask_the_configured_types if {
	mask_personal_data.redact == masked(["SECRET"]) with input as samples.request
		with data.regent.config.privacy.mask_personal_data.types as ["SECRET"]
	mask_personal_data.redact == set() with input as samples.request
		with data.regent.config.privacy.mask_personal_data.types as []
}

test_allow_and_mask_answers_where_it_is_switched_on if {
	mask_personal_data.redact == {{"type": "SECRET", "action": "mask", "where": "both"}} with input as samples.request
		with data.regent.config.privacy.mask_personal_data as {"types": ["SECRET"], "answers": true}
	every off in [false, null, "yes", {}] {
		mask_personal_data.redact == everything with input as samples.request
			with data.regent.config.privacy.mask_personal_data.answers as off
	}
}

test_allow_and_mask_every_type_where_the_configuration_is_no_list if {
	every types in ["SECRET", null, false, {}] {
		mask_personal_data.redact == everything with input as samples.request
			with data.regent.config.privacy.mask_personal_data.types as types
	}
}

test_allow_and_mask_nothing_where_there_is_no_prompt if {
	mask_personal_data.redact == set() with input as samples.plain("GET", "/v1/models")
	mask_personal_data.redact == set() with input as samples.response
}

# A type that is no text makes a member of no known form, which composition refuses.
test_deny_type_that_is_no_text if {
	mask_personal_data.redact == masked([7]) with input as samples.request
		with data.regent.config.privacy.mask_personal_data.types as [7]
}
