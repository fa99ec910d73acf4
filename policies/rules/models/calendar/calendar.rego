# METADATA
# title: Models end by a calendar
# description: |
#   Ends a model in steps that are written down: callers are warned from a day on, then refused for hours at a time
#   (brownouts, so that who did not read the warning notices), then refused for good.
# custom:
#   category: models
#   codes:
#     - { code: model_ending, kind: retired, severity: warning }
#     - { code: model_brownout, kind: no_target, status: 503 }
#     - { code: model_ended, kind: retired, status: 410 }
package regent.rules.models.calendar

import data.regent.lib.dates
import data.regent.lib.result

warn contains result.warning("model_ending", "retired", $"The model {input.model.name} is about to end.{_advice}") if {
	_applies
	_reached("warn_from")
	not _ended
}

deny contains result.denial("model_brownout", "no_target", _brownout_message) if {
	_applies
	not _ended
	_in_brownout
}

deny contains result.denial("model_ended", "retired", $"The model {input.model.name} has ended.{_advice}") if {
	_applies
	_ended
}

_applies if {
	input.phase == "request"
	_ = _calendar
}

_calendar := data.regent.calendar[input.model.name]

_now := dates.unix_seconds(input.request.time)

# A step whose date cannot be read has been reached: nothing goes on because of a slip of the pen.
_reached(step) if {
	_ = _calendar[step]
	not _ahead(step)
}

_ahead(step) if _now < dates.unix_seconds(_calendar[step])

_ended if _reached("deny_from")

_ended if not _readable

_readable if is_object(_calendar)

_in_brownout if {
	some brownout in _calendar.brownouts
	not _outside(brownout)
}

_outside(brownout) if _now < dates.unix_seconds(brownout.from)

_outside(brownout) if {
	_ = dates.unix_seconds(brownout.from)
	_now >= dates.unix_seconds(brownout.until)
}

default _advice := ""

_advice := $" Use {input.model.successor} instead." if is_string(input.model.successor)

_brownout_message := $"The model {input.model.name} is switched off for some hours because it is about to end.{_advice}"
