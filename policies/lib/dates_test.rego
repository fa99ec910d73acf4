package regent.lib_test.dates

import data.regent.lib.dates

test_allow_dates_and_times if {
	every text, seconds in {
		"1970-01-01": 0,
		"1969-12-31T23:59:59Z": -1,
		"2000-02-29": 951782400,
		"2100-03-01": 4107542400,
		"2026-06-01": 1780272000,
		"2026-06-01T00:00:00Z": 1780272000,
		"2026-06-01t08:09:08.999z": 1780301348,
		"2026-06-01T00:00:00+05:30": 1780252200,
		"2026-06-01T00:00:00-05:30": 1780291800,
		"2016-12-31T23:59:60Z": 1483228800,
		"0001-01-01": -62135596800,
		"9999-12-31T23:59:59Z": 253402300799,
	} {
		dates.unix_seconds(text) == seconds
	}
}

test_deny_what_is_no_date if {
	every text in [
		"",
		"2026",
		"2026-6-1",
		"2026-00-01",
		"2026-13-01",
		"2026-04-31",
		"2026-02-29",
		"1900-02-29",
		"2026-06-01T",
		"2026-06-01T00:00Z",
		"2026-06-01T24:00:00Z",
		"2026-06-01T00:00:00",
		"2026-06-01 00:00:00Z",
		"2026-06-01T00:00:00+5:30",
		" 2026-06-01",
		"2026-06-01\n",
		1780272000,
		null,
	] {
		not dates.unix_seconds(text)
	}
}

test_allow_http_dates if {
	every seconds, text in {
		784111777: "Sun, 06 Nov 1994 08:49:37 GMT",
		0: "Thu, 01 Jan 1970 00:00:00 GMT",
		951827696: "Tue, 29 Feb 2000 12:34:56 GMT",
		1798761599: "Thu, 31 Dec 2026 23:59:59 GMT",
		1806451200: "Wed, 31 Mar 2027 00:00:00 GMT",
		4107542400: "Mon, 01 Mar 2100 00:00:00 GMT",
	} {
		dates.http_date(seconds) == text
	}
}

# The calendar against itself, over 400 years by steps that hit every weekday and month.
test_allow_every_day_and_back if {
	every step in numbers.range(0, 1200) {
		day := step * 121
		dates.unix_seconds(_iso(dates.http_date(day * 86400))) == day * 86400
	}
}

_iso(text) := $"{substring(text, 12, 4)}-{_month[substring(text, 8, 3)]}-{substring(text, 5, 2)}"

_month := {
	"Jan": "01",
	"Feb": "02",
	"Mar": "03",
	"Apr": "04",
	"May": "05",
	"Jun": "06",
	"Jul": "07",
	"Aug": "08",
	"Sep": "09",
	"Oct": "10",
	"Nov": "11",
	"Dec": "12",
}
