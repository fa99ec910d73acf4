# METADATA
# title: Callers come from their networks
# description: Refuses callers of a tenant that come from another network than the ones written down for it.
# custom:
#   category: network
#   codes:
#     - { code: network_not_permitted, kind: permission, status: 403 }
package regent.rules.network.source

import data.regent.lib.result

deny contains result.denial("network_not_permitted", "permission", "Calls from this network are not permitted.") if {
	input.phase == "request"
	_ = data.regent.tenants[input.identity.tenant].networks
	not _permitted
}

_permitted if {
	some network in data.regent.tenants[input.identity.tenant].networks
	net.cidr_contains(network, input.source.address)
}
