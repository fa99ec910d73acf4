# METADATA
# title: Prompts have a size
# description: |
#   Refuses a prompt that is larger than the context window of the model, or than the organisation's own limits.
# custom:
#   category: limits
#   codes:
#     - { code: prompt_too_large, kind: content, status: 400 }
package regent.rules.limits.prompt_size

import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("prompt_too_large", "content", message) if {
	input.phase == "request"
	_ = input.inference
	not _text_fits
	message := $"The prompt has {input.inference.text_bytes} bytes of text, more than the {_max_text_bytes} accepted here."
}

deny contains result.denial("prompt_too_large", "content", message) if {
	input.phase == "request"
	_ = input.inference
	some limit in _max_input_tokens
	not _tokens_fit(limit)
	tokens := $"about {_tokens} tokens"
	message := $"The prompt has {tokens}, more than the {limit} that fit."
}

_text_fits if values.within(input.inference.text_bytes, _max_text_bytes)

_tokens_fit(limit) if values.within(_tokens, limit)

# Where nobody estimated the tokens, they are at most as many as the bytes.
_tokens := input.inference.input_tokens_estimate

_tokens := input.inference.text_bytes if not _estimated

_estimated if _ = input.inference.input_tokens_estimate

# The largest body that is accepted anyway, 4 MiB.
default _max_text_bytes := 4194304

_max_text_bytes := data.regent.config.limits.prompt_size.max_text_bytes

_max_input_tokens contains input.model.context_window

_max_input_tokens contains data.regent.config.limits.prompt_size.max_input_tokens
