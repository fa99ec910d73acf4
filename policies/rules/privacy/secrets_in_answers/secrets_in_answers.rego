# METADATA
# title: Secrets stay out of answers
# description: |
#   Has answers looked through for keys, tokens and passwords, and refuses one that holds any, or masks them there. A stream
#   is held back by a window for it.
# custom:
#   category: privacy
#   codes:
#     - { code: secret_in_answer, kind: content, status: 400 }
package regent.rules.privacy.secrets_in_answers

import data.regent.lib.result

response := {"inspect": true, "stream_window_bytes": _window} if _asked

redact contains {"type": "SECRET", "action": "mask", "where": "response"} if {
	_asked
	_masks
}

deny contains result.denial("secret_in_answer", "content", "The answer holds a secret, and stays here.") if {
	input.phase == "response"
	_on
	not _masks
	some finding in input.findings
	finding.type == "SECRET"
}

_asked if {
	input.phase == "request"
	_ = input.inference
	_on
}

# Anything but `false` switches the rule on, and anything but `mask` refuses.
_on if {
	_ = data.regent.config.privacy.secrets_in_answers
	not _off
}

_off if data.regent.config.privacy.secrets_in_answers == false

_masks if data.regent.config.privacy.secrets_in_answers.action == "mask"

# A JSON web token is known by its third part, and the two before it seldom have more bytes than this.
default _window := 1024

_window := data.regent.config.privacy.secrets_in_answers.window
