package regent.rules_test.privacy.block_secrets

import data.regent.rules.privacy.block_secrets
import data.regent.samples_test as samples

secret := {"type": "SECRET", "count": 1, "score_max": 1, "where": ["/messages/0/content"]}

holding(findings) := object.union(samples.request, {"findings": findings})

messages := {denial.message | some denial in block_secrets.deny}

test_allow_where_it_is_off if {
	messages == set() with input as holding([secret])
	messages == set() with input as holding([secret]) with data.regent.config.privacy.block_secrets as false
}

test_allow_other_findings if {
	every findings in [[], [{"type": "EMAIL_ADDRESS", "count": 1}]] {
		messages == set() with input as holding(findings) with data.regent.config.privacy.block_secrets as true
	}
	messages == set() with input as object.union(holding([secret]), {"phase": "response"})
		with data.regent.config.privacy.block_secrets as true
}

test_deny_a_secret if {
	every value in [true, "false", null, 0] {
		messages == {"The prompt holds a secret, at /messages/0/content. Take it out, and replace the secret: it was sent."}
			with input as holding([secret])
			with data.regent.config.privacy.block_secrets as value
	}
}
