# METADATA
# title: Personal data
# description: |
#   Whether a request carries personal data: its class says so, or a detector found some. What is personal for an
#   organisation stands in `data.regent.config.personal_classes`.
package regent.lib.personal

import data.regent.lib.data_classes

present if {
	some class in data_classes.classes
	class in _classes
}

present if count(types) > 0

# Secrets are no one's personal data; every other type that a detector knows is.
types contains finding.type if {
	some finding in input.findings
	finding.type != "SECRET"
}

default _classes := ["personal", "special", "phi"]

# Anything but a list leaves the classes as they are.
_classes := data.regent.config.personal_classes if is_array(data.regent.config.personal_classes)
