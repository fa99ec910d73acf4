package envoy.authz_test

import data.envoy.authz

denied := {
	"allowed": false,
	"http_status": 403,
	"headers": {"content-type": "application/json", "x-denied-by": "envoy.authz"},
	"body": `{"error":{"message":"This path is internal.","type":"permission_error","param":null,"code":"path_internal"}}`,
}

allowed(workload) := {"allowed": true, "dynamic_metadata": {"workload": workload}}

request(parsed_path, headers) := {
	"attributes": {"request": {"http": {"headers": headers}}},
	"parsed_path": parsed_path,
}

test_allow_other_paths if {
	every path in [[""], ["v1", "models"], ["v1", "chat", "completions"], ["v1", "internals"], ["internal"], ["v1"]] {
		authz.allow == allowed("unknown") with input as request(path, {})
	}
}

test_allow_and_name_the_workload if {
	xfcc := concat(",", [
		"By=spiffe://cluster.local/ns/edge/sa/gateway;Hash=aa;URI=spiffe://cluster.local/ns/outer/sa/browser",
		"By=spiffe://cluster.local/ns/models/sa/model;Hash=bb;URI=spiffe://cluster.local/ns/acme/sa/app",
	])
	authz.allow == allowed("spiffe://cluster.local/ns/acme/sa/app")
		with input as request(["v1", "models"], {"x-forwarded-client-cert": xfcc})
}

test_allow_without_a_uri_in_the_certificate if {
	authz.allow == allowed("unknown") with input as request(["v1", "models"], {"x-forwarded-client-cert": "Hash=bb"})
}

test_deny_internal_paths if {
	every path in [
		["v1", "internal", "metrics"],
		["v1", "internal", ""],
		["v1", "internal"],
		["V1", "Internal", "metrics"],
		["v1", "", "internal", "metrics"],
		["v1", ".", "internal", "metrics"],
		["v1", "internal;x=1", "metrics"],
		["v1", "models", "..", "internal", "metrics"],
		["v1", "internal", "..", "models"],
	] {
		authz.allow == denied with input as request(path, {})
	}
}

test_deny_path_that_is_not_known if {
	authz.allow == denied with input as {"attributes": {"request": {"http": {"headers": {}}}}}
	authz.allow == denied with input as request([], {})
	authz.allow == denied with input as request(null, {})
	authz.allow == denied with input as {}
}
