# METADATA
# title: Health data is on record, and not in the record
# description: |
#   Forces the audit level of requests with health data of a tenant under HIPAA, whatever else is configured, and labels
#   their records (45 CFR 164.312(b)).
# custom:
#   category: hipaa
#   codes: []
package regent.rules.hipaa.audit

import data.regent.lib.data_classes
import data.regent.lib.personal
import data.regent.lib.regimes

audit contains {"level": _level} if _applies

labels["phi"] := "true" if _applies

_applies if {
	regimes.under("hipaa")
	_phi
}

_phi if "phi" in data_classes.classes

_phi if count(personal.types) > 0

default _level := "digest"

_level := data.regent.config.hipaa.audit.level
