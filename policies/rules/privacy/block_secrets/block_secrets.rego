# METADATA
# title: Secrets are refused
# description: Refuses a prompt with a secret in it instead of masking it, so that its owner learns of it.
# custom:
#   category: privacy
#   codes:
#     - { code: secret_in_prompt, kind: content, status: 400 }
package regent.rules.privacy.block_secrets

import data.regent.lib.result

deny contains result.denial("secret_in_prompt", "content", message) if {
	input.phase == "request"
	_on
	some finding in input.findings
	finding.type == "SECRET"
	message := $"The prompt holds a secret, at {concat(", ", _shown(finding))}. Take it out, and replace the secret: it was sent."
}

# Anything but `false` switches the rule on.
_on if {
	_ = data.regent.config.privacy.block_secrets
	not _off
}

_off if data.regent.config.privacy.block_secrets == false

_shown(finding) := array.slice(object.get(finding, "where", []), 0, 3)
