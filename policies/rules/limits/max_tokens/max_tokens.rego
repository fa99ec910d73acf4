# METADATA
# title: Answers have a length
# description: Refuses a request for more output tokens than the model gives, or than its tenant may have in one answer.
# custom:
#   category: limits
#   codes:
#     - { code: max_tokens_too_large, kind: content, status: 400 }
package regent.rules.limits.max_tokens

import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("max_tokens_too_large", "content", message) if {
	input.phase == "request"
	some limit in _limits
	not _fits(limit)
	message := $"At most {limit} output tokens may be asked for; set `max_tokens` to that or less."
}

_fits(limit) if values.within(_asked, limit)

# A client that names no bound gets as much as the model gives. Undefined, and so within no limit, where neither is known.
_asked := input.inference.max_output_tokens

_asked := input.model.max_output_tokens if not _bounded

_bounded if _ = input.inference.max_output_tokens

_limits contains input.model.max_output_tokens if _ = input.inference

_limits contains data.regent.tenants[input.identity.tenant].max_output_tokens if _ = input.inference

_limits contains data.regent.config.limits.max_tokens.max_output_tokens if _ = input.inference
