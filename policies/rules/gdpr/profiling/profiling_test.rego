package regent.rules_test.gdpr.profiling

import data.regent.rules.gdpr.profiling
import data.regent.samples_test as samples

tenants := {"acme": {"regimes": ["gdpr"]}}

objections := {"profiling": [crypto.sha256("customer-17")]}

asking(headers) := object.union(samples.request, {"request": {"headers": headers}})

codes := {denial.code | some denial in profiling.deny}

test_allow_who_did_not_object if {
	codes == set() with input as asking({"x-purpose": ["scoring"], "x-data-subject": ["customer-18"]})
		with data.regent.tenants as tenants
		with data.regent.objections as objections
}

test_allow_other_purposes if {
	codes == set() with input as asking({"x-purpose": ["support"], "x-data-subject": ["customer-17"]})
		with data.regent.tenants as tenants
		with data.regent.objections as objections
}

test_allow_tenant_under_another_law if {
	codes == set() with input as asking({"x-purpose": ["scoring"]}) with data.regent.tenants as samples.tenants
}

test_deny_who_objected if {
	every name in ["customer-17", "Customer-17 ", "customer-18, customer-17"] {
		codes == {"profiling_refused"} with input as asking({"x-purpose": ["profiling"], "x-data-subject": [name]})
			with data.regent.tenants as tenants
			with data.regent.objections as objections
	}
}

test_deny_purposes_that_the_organisation_names if {
	codes == {"profiling_refused"} with input as asking({"x-purpose": ["ads"], "x-data-subject": ["customer-17"]})
		with data.regent.tenants as tenants
		with data.regent.objections as objections
		with data.regent.config.gdpr.profiling.purposes as ["ads"]
}

test_deny_profiling_of_nobody_in_particular if {
	codes == {"data_subject_missing"} with input as asking({"x-purpose": ["scoring"]})
		with data.regent.tenants as tenants
		with data.regent.objections as objections
}
