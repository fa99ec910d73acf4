package regent.rules_test.endpoints.known

import data.regent.rules.endpoints.known
import data.regent.samples_test as samples

denial(method) := {
	"code": "unknown_endpoint",
	"kind": "unknown",
	"message": $"{method} is not served at this path.",
}

listed := {
	"embeddings": {"path": "/v1/embeddings", "methods": ["POST"]},
	"files": {"path": "/v1/files/*"},
	"docs": {"path": "/docs/**"},
}

test_allow_understood_request if {
	known.deny == set() with input as samples.request
}

test_allow_list_of_models if {
	known.deny == set() with input as samples.plain("GET", "/v1/models")
	known.deny == set() with input as samples.plain("GET", "/v1/models?limit=5")
}

test_allow_one_model_of_the_list if {
	known.deny == set() with input as samples.plain("GET", "/v1/models/sim-small")
	known.deny == set() with input as samples.plain("GET", "/v1/models/org/name:tag")
}

test_deny_other_methods_on_a_model if {
	known.deny == {denial("DELETE")} with input as samples.plain("DELETE", "/v1/models/sim-small")
}

test_allow_listed_endpoints if {
	every endpoint in [["POST", "/v1/embeddings"], ["GET", "/v1/files/f-1"], ["HEAD", "/v1/files/f-1"], ["GET", "/docs/a/b.html"]] {
		known.deny == set() with input as samples.plain(endpoint[0], endpoint[1]) with data.regent.endpoints as listed
	}
}

test_allow_listed_json if {
	known.deny == set() with input as object.union(samples.plain("POST", "/v1/embeddings"), {"inference": {"format": "json"}})
		with data.regent.endpoints as listed
}

test_allow_answer if {
	known.deny == set() with input as object.union(samples.plain("GET", "/v1/other"), {"phase": "response"})
}

test_deny_unlisted_endpoints if {
	every endpoint in [
		["POST", "/v1/models"],
		["GET", "/v1/models/"],
		["GET", "/v1/other"],
		["GET", "/v1/embeddings"],
		["POST", "/v1/files/f-1"],
		["GET", "/v1/files/f-1/content"],
		["GET", "/v1/files/../models"],
		["GET", "/docs/../v1/files"],
		["GET", "/docs/./a"],
		["GET", "/docs//a"],
		["GET", "/docs/%2e%2e/a"],
		["GET", "/docs/a;b"],
		["GET", "/docs/a\\b"],
		["GET", "docs/a"],
	] {
		known.deny == {denial(endpoint[0])} with input as samples.plain(endpoint[0], endpoint[1])
			with data.regent.endpoints as listed
	}
}

test_deny_json_that_is_not_listed if {
	known.deny == {denial("POST")} with input as samples.changed({"inference": {"format": "json"}}, [])
}

test_deny_inference_without_format if {
	known.deny == {denial("POST")} with input as samples.changed({}, ["/inference/format"])
}

test_deny_without_path_and_method if {
	known.deny == {denial("<undefined>")} with input as samples.changed({}, ["/inference", "/request"])
}
