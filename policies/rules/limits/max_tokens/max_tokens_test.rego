package regent.rules_test.limits.max_tokens

import data.regent.rules.limits.max_tokens
import data.regent.samples_test as samples

denial(limit) := {
	"code": "max_tokens_too_large",
	"kind": "content",
	"message": $"At most {limit} output tokens may be asked for; set `max_tokens` to that or less.",
}

asking(tokens) := object.union(samples.request, {"inference": {"max_output_tokens": tokens}})

test_allow_up_to_the_limit_of_the_model if {
	max_tokens.deny == set() with input as asking(256)
}

test_allow_without_a_bound if {
	max_tokens.deny == set() with input as samples.request
}

test_allow_without_limits if {
	max_tokens.deny == set() with input as json.remove(asking(100000), ["/model/max_output_tokens"])
}

test_allow_request_without_inference if {
	max_tokens.deny == set() with input as samples.plain("GET", "/v1/models")
		with data.regent.tenants as {"acme": {"max_output_tokens": 1}}
}

test_allow_answer if {
	max_tokens.deny == set() with input as object.union(asking(9999), {"phase": "response"})
}

test_deny_over_the_limit_of_the_model if {
	max_tokens.deny == {denial(256)} with input as asking(257)
}

test_deny_over_the_limit_of_the_tenant if {
	max_tokens.deny == {denial(100)} with input as asking(101)
		with data.regent.tenants as {"acme": {"max_output_tokens": 100}}
}

test_deny_over_the_limit_of_the_organisation if {
	max_tokens.deny == {denial(100)} with input as asking(101)
		with data.regent.config.limits.max_tokens as {"max_output_tokens": 100}
}

# Without a bound the model may give all it has.
test_deny_without_a_bound_where_the_model_gives_more if {
	max_tokens.deny == {denial(100)} with input as samples.request
		with data.regent.tenants as {"acme": {"max_output_tokens": 100}}
	max_tokens.deny == {denial(100)} with input as samples.changed({}, ["/model/max_output_tokens"])
		with data.regent.tenants as {"acme": {"max_output_tokens": 100}}
}

test_deny_limits_that_are_no_numbers if {
	max_tokens.deny == {denial("1000")} with input as asking(1)
		with data.regent.tenants as {"acme": {"max_output_tokens": "1000"}}
	max_tokens.deny == {denial(256)} with input as asking("1")
}
