# METADATA
# title: Data only where it is approved
# description: |
#   Refuses a model that is not approved for the class of the data. The class is the tenant's; a client can name a
#   further one in `x-data-class`, and the model must then be approved for both.
# custom:
#   category: data
#   codes:
#     - { code: data_class_not_permitted, kind: permission, status: 403 }
package regent.rules.data.classification

import data.regent.lib.data_classes
import data.regent.lib.result

deny contains result.denial("data_class_not_permitted", "permission", _message) if {
	input.phase == "request"
	_restricted
	not _permitted
}

labels["data_class"] := concat(",", sort(data_classes.classes)) if {
	input.phase == "request"
	is_object(input.model)
	count(data_classes.classes) > 0
}

_restricted if _ = input.model.data_classes

# The tenant's class has to be known: a client that names one does not make up for it.
_permitted if {
	data_classes.tenant_class in input.model.data_classes
	every class in data_classes.classes {
		class in input.model.data_classes
	}
}

_message := $"The model {input.model.name} is not approved for this data ({concat(", ", sort(data_classes.classes))})."
