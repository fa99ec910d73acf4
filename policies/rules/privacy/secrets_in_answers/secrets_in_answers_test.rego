package regent.rules_test.privacy.secrets_in_answers

import data.regent.lib.compose
import data.regent.rules.privacy.secrets_in_answers
import data.regent.samples_test as samples

results := {
	"deny": secrets_in_answers.deny,
	"redact": secrets_in_answers.redact,
	"response": object.get(secrets_in_answers, "response", {}),
}

nothing := {"deny": set(), "redact": set(), "response": {}}

looked_through := {"inspect": true, "stream_window_bytes": 1024}

masked := {{"type": "SECRET", "action": "mask", "where": "response"}}

refused := {{"code": "secret_in_answer", "kind": "content", "message": "The answer holds a secret, and stays here."}}

secret := {"type": "SECRET", "count": 1, "score_max": 1, "where": ["/choices/0/message/content"]}

answer(findings) := object.union(samples.response, {"findings": findings})

test_allow_where_it_is_off if {
	every document in [samples.request, answer([secret])] {
		results == nothing with input as document
		results == nothing with input as document with data.regent.config.privacy.secrets_in_answers as false
	}
}

test_allow_what_is_no_inference if {
	results == nothing with input as samples.plain("GET", "/v1/models")
		with data.regent.config.privacy.secrets_in_answers as true
}

test_allow_and_look_through_the_answer if {
	every on in [true, null, "false", {}, {"action": "refuse"}, {"action": "Mask"}] {
		results == object.union(nothing, {"response": looked_through}) with input as samples.request
			with data.regent.config.privacy.secrets_in_answers as on
	}
	results == object.union(nothing, {"response": {"inspect": true, "stream_window_bytes": 4096}}) with input as samples.request
		with data.regent.config.privacy.secrets_in_answers as {"window": 4096}
}

test_allow_and_mask_secrets if {
	every document, expected in {
		samples.request: object.union(nothing, {"redact": masked, "response": looked_through}),
		answer([secret]): nothing,
	} {
		results == expected with input as document
			with data.regent.config.privacy.secrets_in_answers as {"action": "mask"}
	}
}

test_allow_answers_without_a_secret if {
	every document in [samples.response, answer([]), answer([object.union(secret, {"type": "IBAN_CODE"})])] {
		results == nothing with input as document with data.regent.config.privacy.secrets_in_answers as true
	}
}

test_deny_an_answer_with_a_secret if {
	every on in [true, null, {"action": "refuse"}, {"action": ["mask"]}] {
		results == object.union(nothing, {"deny": refused}) with input as answer([secret])
			with data.regent.config.privacy.secrets_in_answers as on
	}
}

test_deny_everything_where_the_window_cannot_be_read if {
	every window in ["1024", 0, null, 0.5] {
		{reason.code | some reason in compose.errors} == {"policy_rule_invalid"} with input as samples.request
			with data.regent.config.privacy.secrets_in_answers as {"window": window}
			with data.regent.tenants as samples.tenants
	}
}
