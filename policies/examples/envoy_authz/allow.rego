# METADATA
# title: Internal paths stay internal
# description: |
#   A policy in the form of opa-envoy-plugin: the input is Envoy's CheckRequest, the result an object with `allowed`.
#   Refuses everything below /v1/internal/ and lets the rest pass.
package envoy.authz

# METADATA
# entrypoint: true
default allow := {
	"allowed": false,
	"http_status": 403,
	"headers": {"content-type": "application/json", "x-denied-by": "envoy.authz"},
	"body": `{"error":{"message":"This path is internal.","type":"permission_error","param":null,"code":"path_internal"}}`,
}

allow := {"allowed": true, "dynamic_metadata": {"workload": workload}} if _public

# The caller as Envoy saw it: the URI in the last element of x-forwarded-client-cert, which is the nearest hop's.
default workload := "unknown"

workload := uri if {
	elements := split(input.attributes.request.http.headers["x-forwarded-client-cert"], ",")
	some pair in split(elements[count(elements) - 1], ";")
	startswith(lower(pair), "uri=")
	uri := substring(pair, 4, -1)
}

# Said of paths that are known to lie elsewhere, so that an unknown path is refused. Servers read doubled slashes, dots,
# case and path parameters in different ways: all that could be read as internal counts as internal.
_public if {
	count(input.parsed_path) > 0
	not _dotted
	not _internal
}

_dotted if ".." in _segments

_internal if array.slice(_segments, 0, 2) == ["v1", "internal"]

_segments := [segment |
	some raw in input.parsed_path
	segment := lower(split(raw, ";")[0])
	not segment in {"", "."}
]
