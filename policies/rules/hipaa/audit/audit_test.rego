package regent.rules_test.hipaa.audit

import data.regent.rules.hipaa.audit
import data.regent.samples_test as samples

results := {"audit": audit.audit, "labels": audit.labels}

forced(level) := {"audit": {{"level": level}}, "labels": {"phi": "true"}}

tenants := {"acme": {"data_class": "phi", "regimes": ["hipaa"]}}

test_allow_what_is_no_health_data if {
	every given in [samples.tenants, {"acme": {"data_class": "internal", "regimes": ["hipaa"]}}] {
		results == {"audit": set(), "labels": {}} with input as samples.request with data.regent.tenants as given
	}
}

test_allow_with_the_level_forced if {
	every document in [samples.request, samples.response] {
		results == forced("digest") with input as document with data.regent.tenants as tenants
	}
	results == forced("digest") with data.regent.tenants as {"acme": {"data_class": "internal", "regimes": ["hipaa"]}}
		with input as object.union(samples.request, {"findings": [{"type": "US_SSN", "count": 1}]})
}

# A level that is none makes a member of no known form, which composition refuses.
test_allow_with_the_level_that_is_configured if {
	every level in ["redacted", 7] {
		results == forced(level) with input as samples.request with data.regent.tenants as tenants
			with data.regent.config.hipaa.audit.level as level
	}
}
