package regent.rules_test.identity.tenant

import data.regent.rules.identity.tenant
import data.regent.samples_test as samples

denial(message) := {"code": "tenant_unknown", "kind": "permission", "message": message}

test_allow_tenant_with_an_entry if {
	tenant.deny == set() with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_any_tenant_where_tenants_are_optional if {
	tenant.deny == set() with input as samples.request
		with data.regent.config.identity.tenant as {"optional": true}
}

test_allow_public_endpoint if {
	tenant.deny == set() with input as samples.plain("GET", "/health")
		with data.regent.endpoints as {"health": {"path": "/health", "public": true}}
}

test_allow_answer if {
	tenant.deny == set() with input as samples.response
}

# identity/required says what there is to say about nobody.
test_allow_nobody if {
	tenant.deny == set() with input as samples.changed({"identity": samples.anonymous}, [])
}

test_deny_tenant_without_an_entry if {
	tenant.deny == {denial("Nothing is known here about the tenant acme.")} with input as samples.request
		with data.regent.tenants as {"globex": {}}
}

test_deny_when_there_are_no_tenants if {
	tenant.deny == {denial("Nothing is known here about the tenant acme.")} with input as samples.request
}

test_deny_entry_that_is_no_object if {
	tenant.deny == {denial("Nothing is known here about the tenant acme.")} with input as samples.request
		with data.regent.tenants as {"acme": null}
}

test_deny_caller_without_tenant if {
	tenant.deny == {denial("The caller belongs to no tenant.")} with input as samples.changed({}, ["/identity/tenant"])
		with data.regent.tenants as samples.tenants
}

test_deny_where_optional_is_not_plainly_true if {
	tenant.deny == {denial("Nothing is known here about the tenant acme.")} with input as samples.request
		with data.regent.config.identity.tenant as {"optional": "true"}
}
