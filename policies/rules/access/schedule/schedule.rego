# METADATA
# title: Calls within hours
# description: Refuses calls of a tenant outside of the days and hours that are written down for it.
# custom:
#   category: access
#   codes:
#     - { code: outside_of_hours, kind: permission, status: 403 }
package regent.rules.access.schedule

import data.regent.lib.result

deny contains result.denial("outside_of_hours", "permission", _message) if {
	input.phase == "request"
	_ = _schedule
	not _open
}

_schedule := data.regent.tenants[input.identity.tenant].schedule

_open if {
	now := [time.parse_rfc3339_ns(input.request.time), _schedule.zone]
	time.weekday(now) in _schedule.days
	[hour, minute, _] := time.clock(now)
	minutes := (hour * 60) + minute
	_minutes(_schedule.from) <= minutes
	minutes < _minutes(_schedule.until)
}

# Minutes since midnight. Digits are led by a one, because leading zeros are not part of a JSON number.
_minutes(text) := ((to_number($"1{hour}") - 100) * 60) + (to_number($"1{minute}") - 100) if {
	regex.match(`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`, text)
	[hour, minute] := split(text, ":")
}

default _message := "Calls are not permitted at this time."

_message := $"Calls are permitted from {_schedule.from} to {_schedule.until} ({_schedule.zone})." if is_object(_schedule)
