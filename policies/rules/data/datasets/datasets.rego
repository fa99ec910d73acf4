# METADATA
# title: Datasets are used as they are licensed
# description: |
#   Refuses a request that draws on a dataset which is not registered, has run out, or is not there for its tenant, roles,
#   model or purpose; targets outside of the regions of a dataset are forbidden. The datasets go into the record.
# custom:
#   category: data
#   codes:
#     - { code: dataset_unknown, kind: unknown, status: 404 }
#     - { code: dataset_not_permitted, kind: permission, status: 403 }
package regent.rules.data.datasets

import data.regent.lib.dates
import data.regent.lib.headers
import data.regent.lib.result
import data.regent.lib.values

deny contains result.denial("dataset_unknown", "unknown", message) if {
	input.phase == "request"
	some name in _named
	not _registered(name)
	message := $"The dataset {values.shown(name)} is not registered."
}

deny contains result.denial("dataset_not_permitted", "permission", message) if {
	input.phase == "request"
	some name in _named
	_registered(name)
	some restriction in _broken(data.regent.datasets[name])
	message := $"The dataset {name} may not be used here: {restriction}."
}

targets_forbidden contains result.forbidden(target.name, $"the dataset {name} must not go there") if {
	input.phase == "request"
	some name in _named
	_ = data.regent.datasets[name].regions
	some target in input.targets
	not _stays(target, name)
}

labels["datasets"] := concat(",", sort(_named)) if {
	input.phase == "request"
	count(_named) > 0
}

_named := headers.words("x-dataset")

_registered(name) if is_object(data.regent.datasets[name])

_stays(target, name) if target.region in data.regent.datasets[name].regions

# The restrictions of a dataset that do not hold. One that is there in any form restricts.
_broken(dataset) := {restriction | some restriction, _ in dataset; not _holds(restriction, dataset)}

_holds("tenants", dataset) if input.identity.tenant in dataset.tenants

_holds("roles", dataset) if {
	some role in input.identity.roles
	role in dataset.roles
}

_holds("models", dataset) if input.model.name in dataset.models

_holds("purposes", dataset) if {
	some purpose in headers.words("x-purpose")
	purpose in dataset.purposes
}

_holds("until", dataset) if dates.unix_seconds(input.request.time) < dates.unix_seconds(dataset.until)

# Targets are looked at one by one; of what goes elsewhere nothing shows that it stays.
_holds("regions", _) if is_object(input.model)

_holds("owner", _)

_holds("description", _)
