# METADATA
# title: Parameters have bounds
# description: Refuses sampling parameters outside of the bounds that are written down for them.
# custom:
#   category: limits
#   codes:
#     - { code: parameter_out_of_bounds, kind: content, status: 400 }
package regent.rules.limits.parameters

import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("parameter_out_of_bounds", "content", message) if {
	input.phase == "request"
	some name, bounds in data.regent.config.limits.parameters
	value := input.inference.parameters[name]
	not _within(value, bounds)
	message := $"The parameter `{name}` must be {_wanted(bounds)}."
}

_within(value, bounds) if {
	is_object(bounds)
	every bound, limit in bounds {
		_holds(bound, value, limit)
	}
}

_holds("min", value, limit) if values.within(limit, value)

_holds("max", value, limit) if values.within(value, limit)

# Sorted, because compiled Wasm goes through an object in another order than OPA.
_wanted(bounds) := concat(" and ", sort([$"at {_words[bound]} {limit}" | some bound, limit in bounds]))

_words := {"min": "least", "max": "most"}
