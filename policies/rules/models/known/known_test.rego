package regent.rules_test.models.known

import data.regent.rules.models.known
import data.regent.samples_test as samples

denial(shown) := {
	"code": "unknown_model",
	"kind": "unknown",
	"message": $"The model {shown} is not known here. GET /v1/models lists what you may use.",
}

test_allow_model_of_the_registry if {
	known.deny == set() with input as samples.request
}

test_allow_request_without_a_model if {
	known.deny == set() with input as samples.plain("GET", "/v1/models")
	known.deny == set() with input as samples.changed({"inference": {"format": "json", "model": ""}}, ["/model"])
}

test_allow_answer if {
	known.deny == set() with input as json.remove(samples.response, ["/model"])
}

test_deny_model_that_resolves_to_nothing if {
	known.deny == {denial("\"gpt-9\"")} with input as samples.changed({"inference": {"model": "gpt-9"}}, ["/model"])
}

test_deny_named_model_in_any_json if {
	known.deny == {denial("\"gpt-9\"")} with input as samples.changed({"inference": {"format": "json", "model": "gpt-9"}}, ["/model"])
}

test_deny_long_name_without_repeating_all_of_it if {
	name := concat("", ["m" | some _ in numbers.range(1, 1000)])
	shown := concat("", ["m" | some _ in numbers.range(1, 64)])
	known.deny == {denial($"\"{shown}\"")} with input as samples.changed({"inference": {"model": name}}, ["/model"])
}

test_deny_without_a_name if {
	known.deny == {denial("<undefined>")} with input as samples.changed({}, ["/model", "/inference/model"])
}
