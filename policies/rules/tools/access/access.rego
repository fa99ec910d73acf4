# METADATA
# title: Tools by role
# description: Refuses a request that offers a tool to the model which is not listed, or is kept for roles the caller does not have.
# custom:
#   category: tools
#   codes:
#     - { code: tool_not_permitted, kind: permission, status: 403 }
package regent.rules.tools.access

import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("tool_not_permitted", "permission", message) if {
	input.phase == "request"
	_ = data.regent.tools
	some tool in input.inference.tools
	not _permitted(tool)
	message := $"The tool {values.shown(tool)} may not be offered to a model by this caller."
}

_permitted(tool) if {
	is_object(data.regent.tools[tool])
	not _kept(tool)
}

_permitted(tool) if {
	some role in input.identity.roles
	role in data.regent.tools[tool].roles
}

# `roles` that are there in any form restrict.
_kept(tool) if _ = data.regent.tools[tool].roles
