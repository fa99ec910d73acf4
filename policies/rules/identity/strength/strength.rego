# METADATA
# title: Delicate data needs a strong proof of identity
# description: Refuses callers whose proof of identity is too weak for the class of the data.
# custom:
#   category: identity
#   codes:
#     - { code: identity_too_weak, kind: permission, status: 403 }
package regent.rules.identity.strength

import data.regent.lib.data_classes
import data.regent.lib.result

deny contains result.denial("identity_too_weak", "permission", message) if {
	input.phase == "request"
	some class in data_classes.classes
	_ = data.regent.config.identity.strength[class]
	not _strong(class)
	message := $"Data of the class {class} needs another proof of identity than yours ({_method})."
}

_strong(class) if input.identity.method in data.regent.config.identity.strength[class]

default _method := "none"

_method := input.identity.method
