package regent.rules_test.limits.parameters

import data.regent.rules.limits.parameters
import data.regent.samples_test as samples

bounds := {"temperature": {"min": 0, "max": 1}, "n": {"max": 2}}

using(sampling) := object.union(samples.request, {"inference": {"parameters": sampling}})

refused := {denial.message | some denial in parameters.deny}

test_allow_within_bounds if {
	every sampling in [{}, {"temperature": 0, "n": 2}, {"temperature": 1}, {"seed": 99}] {
		refused == set() with input as using(sampling) with data.regent.config.limits.parameters as bounds
	}
}

test_allow_anything_without_bounds if {
	refused == set() with input as using({"temperature": 9})
	refused == set() with input as object.union(using({"temperature": 9}), {"phase": "response"})
		with data.regent.config.limits.parameters as bounds
}

test_deny_outside_of_bounds if {
	every value in [-1, 1.5, "1", null, [1]] {
		refused == {"The parameter `temperature` must be at least 0 and at most 1."}
			with input as using({"temperature": value})
			with data.regent.config.limits.parameters as bounds
	}
}

test_deny_bounds_of_another_form if {
	every bound in [1, null, [0, 1], {"most": 1}, {"max": "1"}, {"max": null}] {
		count(refused) == 1 with input as using({"n": 1}) with data.regent.config.limits.parameters as {"n": bound}
	}
}
