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

import data.regent.lib.result

deny contains result.denial("data_class_not_permitted", "permission", _message) if {
	input.phase == "request"
	_restricted
	not _permitted
}

labels["data_class"] := concat(",", sort(_classes)) if {
	input.phase == "request"
	is_object(input.model)
	count(_classes) > 0
}

_restricted if _ = input.model.data_classes

# The tenant's class has to be known: a client that names one does not make up for it.
_permitted if {
	_tenant_class in input.model.data_classes
	every class in _classes {
		class in input.model.data_classes
	}
}

_tenant_class := data.regent.tenants[input.identity.tenant].data_class

_classes contains _tenant_class if is_string(_tenant_class)

_classes contains class if {
	some value in input.request.headers["x-data-class"]
	some part in split(value, ",")
	class := lower(trim_space(part))
	class != ""
}

_message := $"The model {input.model.name} is not approved for this data ({concat(", ", sort(_classes))})."
