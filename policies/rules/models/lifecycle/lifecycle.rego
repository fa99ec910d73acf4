# METADATA
# title: Models have a life
# description: |
#   Refuses a model that is retired or past its sunset date, and announces the end of a deprecated one: with a
#   warning, and with the `deprecation` (RFC 9745) and `sunset` (RFC 8594) headers on its answers.
# custom:
#   category: models
#   codes:
#     - { code: model_retired, kind: retired, status: 410 }
#     - { code: model_deprecated, kind: retired, severity: warning }
package regent.rules.models.lifecycle

import data.regent.lib.dates
import data.regent.lib.result

deny contains result.denial("model_retired", "retired", $"The model {input.model.name} is retired.{_advice}") if {
	input.phase == "request"
	is_object(input.model)
	not _in_service
}

warn contains result.warning("model_deprecated", "retired", $"The model {input.model.name} is deprecated.{_advice}") if {
	input.phase == "request"
	input.model.stage == "deprecated"
	_in_service
}

set_headers["deprecation"] := $"@{since}" if {
	input.phase == "response"
	input.model.stage == "deprecated"
	since := dates.unix_seconds(input.model.deprecated_since)
}

set_headers["sunset"] := dates.http_date(dates.unix_seconds(input.model.sunset)) if {
	input.phase == "response"
	input.model.stage == "deprecated"
}

_in_service if {
	input.model.stage in {"experimental", "active", "deprecated"}
	not _ends
}

_in_service if {
	input.model.stage in {"experimental", "active", "deprecated"}
	sunset := dates.unix_seconds(input.model.sunset)
	dates.unix_seconds(input.request.time) < sunset
}

_ends if _ = input.model.sunset

default _advice := ""

_advice := $" Use {input.model.successor} instead." if is_string(input.model.successor)
