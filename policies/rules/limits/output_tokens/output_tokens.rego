# METADATA
# title: Answers end
# description: |
#   Bounds the tokens of an answer by model, team and class of data, whatever the request asked for and whatever the model
#   makes of it. The smallest bound holds; a client can name further classes of data, and only make it smaller.
# custom:
#   category: limits
#   codes: []
package regent.rules.limits.output_tokens

import data.regent.lib.data_classes

response["max_output_tokens"] := _bound if _ = input.inference

_bound := min(_bounds) if _well_formed

# Composition refuses this: a bound that cannot be read must not be none.
_bound := "malformed" if {
	_ = _config
	not _well_formed
}

_well_formed if {
	is_object(_config)
	every name, part in _config {
		_is_part(name, part)
	}
	every bound in _bounds {
		is_number(bound)
	}
}

_is_part("default", _)

_is_part("models", part) if is_object(part)

_is_part("data_classes", part) if is_object(part)

_is_part("teams", part) if {
	is_object(part)
	every teams in part {
		is_object(teams)
	}
}

_bounds contains _of_model

_bounds contains _of_team

_bounds contains _config.data_classes[class] if some class in data_classes.classes

_bounds contains _config["default"] if not _named

_named if _ = _of_model

_named if _ = _of_team

_of_model := _config.models[input.model.name]

_of_team := _config.teams[input.identity.tenant][input.identity.team]

_config := data.regent.config.limits.output_tokens
