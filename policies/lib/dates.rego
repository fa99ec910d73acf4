# METADATA
# title: Dates
# description: |
#   RFC 3339 dates and times, as whole seconds since 1970 and as HTTP dates. Written out here because the time
#   builtins are not native to Wasm and do not take a date without a time. What cannot be read is undefined.
package regent.lib.dates

_pattern := concat("", [
	`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])`,
	`([Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9]))?$`,
])

# Seconds since 1970-01-01T00:00:00Z. A date without a time is its first second, in UTC.
unix_seconds(text) := ((day * 86400) + clock) - offset if {
	regex.match(_pattern, text)
	date := [_number(text, 0, 4), _number(text, 5, 2), _number(text, 8, 2)]
	day := _days_since_1970(date[0], date[1], date[2])
	_civil(day) == date # the 30th of February is no date
	clock := _clock(text)
	offset := _offset(text)
}

_clock(text) := 0 if count(text) == 10

_clock(text) := ((_number(text, 11, 2) * 3600) + (_number(text, 14, 2) * 60)) + _number(text, 17, 2) if count(text) > 10

# Seconds by which the zone at the end is ahead of UTC.
_offset(text) := 0 if count(text) == 10

_offset(text) := 0 if endswith(lower(text), "z")

_offset(text) := sign * ((_number(text, length - 5, 2) * 3600) + (_number(text, length - 2, 2) * 60)) if {
	length := count(text)
	length > 10
	sign := {"+": 1, "-": -1}[substring(text, length - 6, 1)]
}

# The preferred form of RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
http_date(seconds) := text if {
	days := floor(seconds / 86400)
	clock := seconds - (days * 86400)
	[year, month, day] := _civil(days)
	weekday := ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][((days % 7) + 7) % 7]
	name := _months[month - 1]
	time := concat(":", [_two(floor(clock / 3600)), _two(floor((clock % 3600) / 60)), _two(clock % 60)])
	text := $"{weekday}, {_two(day)} {name} {year} {time} GMT"
}

_months := ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

# Digits as a number. Leading zeros are not part of a JSON number, so that they are led by a one.
_number(text, start, length) := to_number(concat("", ["1", substring(text, start, length)])) - [1, 10, 100, 1000, 10000][length]

_two(number) := $"0{number}" if number < 10

_two(number) := $"{number}" if number >= 10

# Days and dates of the Gregorian calendar, counted in years that begin in March so that the leap day comes last
# (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
_days_since_1970(year, month, day) := ((era * 146097) + of_era) - 719468 if {
	shifted := year - floor((14 - month) / 12)
	era := floor(shifted / 400)
	of_year := (floor(((153 * ((month + 9) % 12)) + 2) / 5) + day) - 1
	year_of_era := shifted - (era * 400)
	of_era := (((year_of_era * 365) + floor(year_of_era / 4)) - floor(year_of_era / 100)) + of_year
}

_civil(days) := [year, month, day] if {
	shifted := days + 719468
	era := floor(shifted / 146097)
	of_era := shifted - (era * 146097)
	leap_days := (floor(of_era / 1460) - floor(of_era / 36524)) + floor(of_era / 146096)
	year_of_era := floor((of_era - leap_days) / 365)
	of_year := of_era - (((year_of_era * 365) + floor(year_of_era / 4)) - floor(year_of_era / 100))
	of_march := floor(((5 * of_year) + 2) / 153)
	day := (of_year - floor(((153 * of_march) + 2) / 5)) + 1
	month := ((of_march + 2) % 12) + 1
	year := (year_of_era + (era * 400)) + floor((14 - month) / 12)
}
