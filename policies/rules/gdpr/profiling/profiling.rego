# METADATA
# title: The right to refuse profiling
# description: |
#   Refuses to profile a person who objected (articles 21 and 22). A request with a purpose of profiling names the person
#   in `x-data-subject`; who objected is known by the SHA-256 of that name only.
# custom:
#   category: gdpr
#   codes:
#     - { code: data_subject_missing, kind: content, status: 400 }
#     - { code: profiling_refused, kind: permission, status: 403 }
package regent.rules.gdpr.profiling

import data.regent.lib.headers
import data.regent.lib.regimes
import data.regent.lib.result

deny contains result.denial("data_subject_missing", "content", "Name the person in `x-data-subject`.") if {
	_applies
	count(_subjects) == 0
}

deny contains result.denial("profiling_refused", "permission", "The person has refused to be profiled.") if {
	_applies
	some subject in _subjects
	_objected[crypto.sha256(subject)]
}

_applies if {
	input.phase == "request"
	regimes.under("gdpr")
	some purpose in headers.words("x-purpose")
	purpose in _purposes
}

_subjects := headers.words("x-data-subject")

_objected contains digest if some digest in data.regent.objections.profiling

default _purposes := ["profiling", "scoring"]

# Anything but a list leaves the purposes as they are.
_purposes := data.regent.config.gdpr.profiling.purposes if is_array(data.regent.config.gdpr.profiling.purposes)
