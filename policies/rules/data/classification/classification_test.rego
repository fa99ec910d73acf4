package regent.rules_test.data.classification

import data.regent.rules.data.classification
import data.regent.samples_test as samples

results := {"deny": classification.deny, "labels": classification.labels}

allowed(classes) := {"deny": set(), "labels": {"data_class": classes}}

refused(classes) := object.union(allowed(classes), {"deny": {{
	"code": "data_class_not_permitted",
	"kind": "permission",
	"message": $"The model sim-small is not approved for this data ({replace(classes, ",", ", ")}).",
}}})

claiming(values) := object.union(samples.request, {"request": {"headers": {"x-data-class": values}}})

test_allow_class_of_the_tenant if {
	results == allowed("internal") with input as samples.request with data.regent.tenants as samples.tenants
}

test_allow_further_class_that_is_approved if {
	results == allowed("internal,personal") with input as claiming(["Personal"]) with data.regent.tenants as samples.tenants
}

test_allow_class_that_is_named_twice if {
	results == allowed("internal") with input as claiming(["internal", " internal ,"])
		with data.regent.tenants as samples.tenants
}

test_allow_any_class_where_the_model_is_for_all if {
	results == allowed("internal,secret") with data.regent.tenants as samples.tenants
		with input as json.remove(claiming(["secret"]), ["/model/data_classes"])
}

test_allow_answer_and_request_without_a_model if {
	every document in [samples.response, samples.plain("GET", "/v1/models")] {
		results == {"deny": set(), "labels": {}} with input as document with data.regent.tenants as samples.tenants
	}
}

test_deny_class_of_the_tenant if {
	results == refused("secret") with input as samples.request
		with data.regent.tenants as {"acme": {"data_class": "secret"}}
}

test_deny_further_class if {
	results == refused("internal,secret") with input as claiming(["secret"]) with data.regent.tenants as samples.tenants
	results == refused("internal,public,secret") with data.regent.tenants as samples.tenants
		with input as claiming(["public, secret"])
	results == refused("internal,public,secret") with data.regent.tenants as samples.tenants
		with input as claiming(["public", "secret"])
}

# A client can add a class, and never take the tenant's away.
test_deny_class_of_the_tenant_whatever_the_client_names if {
	results == refused("public,secret") with input as claiming(["public"])
		with data.regent.tenants as {"acme": {"data_class": "secret"}}
}

test_deny_tenant_without_a_class if {
	every tenants in [{}, {"acme": {}}, {"acme": {"data_class": null}}] {
		results == refused("public") with input as claiming(["public"]) with data.regent.tenants as tenants
	}
	results == {"deny": refused("").deny, "labels": {}} with input as samples.request
}

test_deny_approval_of_another_form if {
	every classes in [[], "internal", null, false] {
		results == refused("internal") with input as samples.with_model({"data_classes": classes})
			with data.regent.tenants as samples.tenants
	}
}
