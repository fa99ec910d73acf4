package regent.rules_test.identity.required

import data.regent.rules.identity.required
import data.regent.samples_test as samples

denial := {
	"code": "identity_required",
	"kind": "identity",
	"message": "Say who is calling: send an API key as `authorization: Bearer` or `x-api-key`, or a client certificate.",
}

public := {"health": {"path": "/health", "public": true}}

test_allow_known_caller if {
	every method in ["mtls", "jwt", "api_key"] {
		required.deny == set() with input as samples.changed({"identity": {"method": method}}, [])
	}
}

test_allow_anybody_at_a_public_endpoint if {
	required.deny == set() with input as object.union(samples.plain("GET", "/health"), {"identity": samples.anonymous})
		with data.regent.endpoints as public
}

test_allow_anybody_in_the_answer if {
	required.deny == set() with input as object.union(samples.response, {"identity": samples.anonymous})
}

test_deny_nobody if {
	required.deny == {denial} with input as samples.changed({"identity": samples.anonymous}, [])
}

test_deny_unknown_method if {
	required.deny == {denial} with input as samples.changed({"identity": {"method": "guess"}}, [])
}

test_deny_without_identity if {
	required.deny == {denial} with input as samples.changed({}, ["/identity"])
	required.deny == {denial} with input as samples.changed({}, ["/identity/method"])
}

test_deny_nobody_beside_a_public_endpoint if {
	every path in ["/healthz", "/health/x", "/v1/../health", "//health", "/%68ealth", "/health;x", "/HEALTH"] {
		required.deny == {denial} with input as object.union(samples.plain("GET", path), {"identity": samples.anonymous})
			with data.regent.endpoints as public
	}
}

test_deny_nobody_at_an_endpoint_that_is_not_plainly_public if {
	every flag in ["true", 1, false, null] {
		required.deny == {denial} with input as object.union(samples.plain("GET", "/health"), {"identity": samples.anonymous})
			with data.regent.endpoints as {"health": {"path": "/health", "public": flag}}
	}
}

test_deny_nobody_with_another_method if {
	required.deny == {denial} with input as object.union(samples.plain("POST", "/health"), {"identity": samples.anonymous})
		with data.regent.endpoints as public
}
