package regent.main_test

import data.regent.request
import data.regent.response
import data.regent.samples_test as samples

masked := [{"type": type, "action": "mask", "where": "request"} |
	some type in ["CREDIT_CARD", "EMAIL_ADDRESS", "IBAN_CODE", "PHONE_NUMBER", "SECRET", "US_SSN"]
]

allowed := {
	"allow": true,
	"reasons": [],
	"redact": masked,
	"route": {"targets": ["sim-us", "sim-eu"], "headers": {}},
	"limits": [],
	"transform": {"set_headers": {}},
	"audit": {"level": "redacted", "labels": {"data_class": "internal"}},
	"response": {"inspect": false},
}

answer_allowed := {
	"allow": true,
	"reasons": [],
	"redact": [],
	"route": {"headers": {}},
	"limits": [],
	"transform": {"set_headers": {}},
	"audit": {"level": "redacted", "labels": {}},
	"response": {"inspect": false},
}

misused(what) := {"allow": false, "reasons": [{
	"code": "policy_input_invalid",
	"kind": "internal",
	"message": $"Policy was asked about {what} with something that is not one.",
	"policy": "regent",
	"severity": "error",
}]}

reasons(decision) := [[reason.policy, reason.code] | some reason in decision.reasons]

test_allow_request if {
	request.decision == allowed with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_answer if {
	response.decision == answer_allowed with input as samples.response with data.regent.tenants as samples.tenants
}

test_allow_answer_whoever_asked if {
	response.decision == answer_allowed with input as object.union(samples.response, {"identity": samples.anonymous})
}

test_allow_known_caller_where_no_rule_speaks if {
	request.decision.allow == true with input as samples.request with data.regent.rules as {}
}

test_allow_with_warnings if {
	deprecated := samples.with_model({"stage": "deprecated"})
	request.decision == object.union(allowed, {"reasons": [{
		"code": "model_deprecated",
		"kind": "retired",
		"message": "The model sim-small is deprecated.",
		"policy": "models/lifecycle",
		"severity": "warning",
	}]}) with input as deprecated with data.regent.tenants as samples.tenants
}

test_deny_with_all_reasons_in_order if {
	bad := object.union(samples.request, {
		"identity": object.union(samples.globex, {"tenant": "umbrella"}),
		"model": {"stage": "retired", "roles": ["admin"]},
		"inference": {"max_output_tokens": 1000},
	})
	decision := request.decision with input as bad
		with data.regent.tenants as {"umbrella": {"residency": ["mars"], "data_class": "internal"}}
	decision.allow == false
	object.keys(decision) == {"allow", "reasons", "audit"}
	reasons(decision) == [
		["limits/max_tokens", "max_tokens_too_large"],
		["models/lifecycle", "model_retired"],
		["models/access", "model_not_permitted"],
		["data/residency", "no_permitted_target"],
	]
}

test_deny_nobody if {
	decision := request.decision with input as object.union(samples.request, {"identity": samples.anonymous})
		with data.regent.rules as {}
	decision.allow == false
	reasons(decision) == [["regent", "identity_required"]]
}

test_deny_nobody_with_the_reason_of_the_rule if {
	decision := request.decision with input as object.union(samples.plain("GET", "/v1/models"), {"identity": samples.anonymous})
	decision.allow == false
	reasons(decision) == [["identity/required", "identity_required"]]
}

test_deny_rule_that_is_malformed if {
	every phase, document in {"request": samples.request, "response": samples.response} {
		every outlet in [{"deny": true}, {"deny": {"no"}}, {"deny": {{"code": "x"}}}, {"labels": 1}] {
			decision := _decisions[phase] with input as document with data.regent.rules as {"a": {"b": outlet}}
			decision.allow == false
			reasons(decision) == [["a/b", "policy_rule_invalid"]]
		}
	}
}

_decisions := {"request": request.decision, "response": response.decision}

test_deny_answer_that_a_rule_refuses if {
	decision := response.decision with input as samples.response
		with data.regent.rules as {"a": {"b": {"deny": {{"code": "x", "kind": "content", "message": "No."}}}}}
	decision.allow == false
	reasons(decision) == [["a/b", "x"]]
}

test_deny_the_wrong_phase if {
	request.decision == misused("a request") with input as samples.response with data.regent.tenants as samples.tenants
	response.decision == misused("an answer") with input as samples.request with data.regent.tenants as samples.tenants
}

test_deny_without_input if {
	every document in [{}, null, "text", {"phase": "Request"}, {"phase": true}] {
		request.decision == misused("a request") with input as document
		response.decision == misused("an answer") with input as document
	}
}

test_deny_a_bare_request if {
	decision := request.decision with input as {"phase": "request"}
	decision.allow == false
	reasons(decision) == [["identity/required", "identity_required"], ["endpoints/known", "unknown_endpoint"]]
}
