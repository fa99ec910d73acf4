package regent.rules_test.identity.strength

import data.regent.rules.identity.strength
import data.regent.samples_test as samples

needed := {"internal": ["mtls"], "personal": ["mtls", "jwt"]}

codes := {denial.message | some denial in strength.deny}

refused(class, method) := {$"Data of the class {class} needs another proof of identity than yours ({method})."}

test_allow_class_without_a_need if {
	codes == set() with input as samples.request with data.regent.tenants as samples.tenants
	codes == set() with input as samples.request with data.regent.tenants as {"acme": {"data_class": "public"}}
		with data.regent.config.identity.strength as needed
}

test_allow_strong_proof if {
	codes == set() with input as object.union(samples.request, {"identity": {"method": "mtls"}})
		with data.regent.tenants as samples.tenants
		with data.regent.config.identity.strength as needed
}

test_allow_answer if {
	codes == set() with input as samples.response with data.regent.tenants as samples.tenants
		with data.regent.config.identity.strength as needed
}

test_deny_weak_proof if {
	codes == refused("internal", "api_key") with input as samples.request with data.regent.tenants as samples.tenants
		with data.regent.config.identity.strength as needed
	codes == refused("internal", "none") with input as json.remove(samples.request, ["/identity/method"])
		with data.regent.tenants as samples.tenants
		with data.regent.config.identity.strength as needed
}

test_deny_class_that_the_client_names if {
	codes == refused("personal", "api_key") with data.regent.tenants as {"acme": {"data_class": "public"}}
		with input as object.union(samples.request, {"request": {"headers": {"x-data-class": ["personal"]}}})
		with data.regent.config.identity.strength as needed
}

test_deny_need_of_another_form if {
	every methods in ["api_key", null, true, []] {
		codes == refused("internal", "api_key") with input as samples.request with data.regent.tenants as samples.tenants
			with data.regent.config.identity.strength as {"internal": methods}
	}
}
