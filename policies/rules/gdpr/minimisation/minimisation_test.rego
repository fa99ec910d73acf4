package regent.rules_test.gdpr.minimisation

import data.regent.rules.gdpr.minimisation
import data.regent.samples_test as samples

tenants := {"acme": {"regimes": ["gdpr"]}}

holding(findings) := object.union(samples.request, {"findings": findings})

refused(found, limit) := {{
	"code": "personal_data_excessive",
	"kind": "content",
	"message": $"The prompt holds {found} pieces of personal data, and at most {limit} may go into one: send only what is needed.",
}}

test_allow_a_few if {
	every findings in [[], [{"type": "EMAIL_ADDRESS", "count": 10}], [{"type": "SECRET", "count": 11}]] {
		minimisation.deny == set() with input as holding(findings) with data.regent.tenants as tenants
	}
	minimisation.deny == set() with input as samples.request with data.regent.tenants as tenants
}

test_allow_tenant_under_another_law if {
	minimisation.deny == set() with data.regent.tenants as samples.tenants
		with input as holding([{"type": "EMAIL_ADDRESS", "count": 100}])
}

test_allow_as_much_as_is_configured if {
	minimisation.deny == set() with input as holding([{"type": "EMAIL_ADDRESS", "count": 50}])
		with data.regent.tenants as tenants
		with data.regent.config.gdpr.minimisation.max_findings as 50
}

test_deny_a_list_of_customers if {
	minimisation.deny == refused(11, 10) with data.regent.tenants as tenants
		with input as holding([{"type": "EMAIL_ADDRESS", "count": 6}, {"type": "IBAN_CODE", "count": 5}])
}

test_deny_with_a_limit_that_is_no_number if {
	every limit in ["50", null, [50]] {
		count(minimisation.deny) == 1 with input as holding([{"type": "EMAIL_ADDRESS", "count": 1}])
			with data.regent.tenants as tenants
			with data.regent.config.gdpr.minimisation.max_findings as limit
	}
}
