package regent.rules_test.limits.prompt_size

import data.regent.rules.limits.prompt_size
import data.regent.samples_test as samples

denial(message) := {"code": "prompt_too_large", "kind": "content", "message": message}

prompt(bytes, tokens) := object.union(
	samples.request,
	{"inference": {"text_bytes": bytes, "input_tokens_estimate": tokens}},
)

test_allow_what_fits if {
	prompt_size.deny == set() with input as samples.request
	prompt_size.deny == set() with input as prompt(4194304, 4096)
}

test_allow_model_without_a_window if {
	prompt_size.deny == set() with input as json.remove(prompt(4194304, 1000000), ["/model/context_window"])
}

test_allow_request_without_inference if {
	prompt_size.deny == set() with input as samples.plain("GET", "/v1/models")
}

test_allow_prompt_that_fits_at_a_token_for_each_byte if {
	prompt_size.deny == set() with input as json.remove(prompt(4096, 0), ["/inference/input_tokens_estimate"])
}

test_deny_prompt_that_nobody_estimated_and_might_not_fit if {
	prompt_size.deny == {denial("The prompt has about 4097 tokens, more than the 4096 that fit.")}
		with input as json.remove(prompt(4097, 0), ["/inference/input_tokens_estimate"])
}

test_allow_answer if {
	prompt_size.deny == set() with input as object.union(prompt(9999999, 9999999), {"phase": "response"})
}

test_deny_over_the_window if {
	prompt_size.deny == {denial("The prompt has about 4097 tokens, more than the 4096 that fit.")}
		with input as prompt(16388, 4097)
}

test_deny_over_the_default_size if {
	prompt_size.deny == {denial("The prompt has 4194305 bytes of text, more than the 4194304 accepted here.")}
		with input as prompt(4194305, 9)
}

test_deny_over_configured_sizes if {
	prompt_size.deny == {
		denial("The prompt has 1001 bytes of text, more than the 1000 accepted here."),
		denial("The prompt has about 251 tokens, more than the 250 that fit."),
	} with input as prompt(1001, 251)
		with data.regent.config.limits.prompt_size as {"max_text_bytes": 1000, "max_input_tokens": 250}
}

test_deny_unknown_sizes if {
	prompt_size.deny == {
		denial("The prompt has <undefined> bytes of text, more than the 4194304 accepted here."),
		denial("The prompt has about <undefined> tokens, more than the 4096 that fit."),
	} with input as samples.changed({}, ["/inference/text_bytes", "/inference/input_tokens_estimate"])
}

# Numbers are less than strings in Rego: a limit in quotes must not be one that nothing reaches.
test_deny_limits_that_are_no_numbers if {
	count(prompt_size.deny) == 2 with input as samples.request
		with data.regent.config.limits.prompt_size as {"max_text_bytes": "1000", "max_input_tokens": "250"}
	count(prompt_size.deny) == 1 with input as samples.with_model({"context_window": "4096"})
}
