package regent.rules_test.models.access

import data.regent.rules.models.access
import data.regent.samples_test as samples

denial := {
	"code": "model_not_permitted",
	"kind": "permission",
	"message": "Your roles do not include one that may use the model sim-small.",
}

test_allow_model_for_everybody if {
	access.deny == set() with input as samples.request
}

test_allow_one_of_the_roles if {
	access.deny == set() with input as samples.with_model({"roles": ["admin", "analyst"]})
}

test_allow_answer if {
	access.deny == set() with input as object.union(samples.response, {"model": {"roles": ["admin"]}})
}

test_deny_other_roles if {
	access.deny == {denial} with input as samples.with_model({"roles": ["admin"]})
}

test_deny_caller_without_roles if {
	access.deny == {denial} with input as json.remove(samples.with_model({"roles": ["analyst"]}), ["/identity/roles"])
}

# A list of roles in another form does not open the model.
test_deny_roles_of_another_form if {
	every roles in [[], "analyst", null, false] {
		access.deny == {denial} with input as samples.with_model({"roles": roles})
	}
}
