package regent.rules_test.network.source

import data.regent.rules.network.source
import data.regent.samples_test as samples

tenants := {"acme": {"networks": ["10.0.0.0/8", "fd00::/8"]}}

coming(source) := object.union(samples.request, {"source": source})

codes := {denial.code | some denial in source.deny}

test_allow_tenant_without_networks if {
	codes == set() with input as coming({"address": "192.0.2.1"}) with data.regent.tenants as samples.tenants
}

test_allow_its_networks if {
	every address in ["10.1.2.3", "fd00::1"] {
		codes == set() with input as coming({"address": address, "port": 1}) with data.regent.tenants as tenants
	}
	codes == set() with input as object.union(samples.response, {"source": {"address": "192.0.2.1"}})
		with data.regent.tenants as tenants
}

test_deny_other_networks if {
	every address in ["192.0.2.1", "11.0.0.1", "2001:db8::1", "", "10.1.2", null, "/run/envoy.sock"] {
		codes == {"network_not_permitted"} with input as coming({"address": address}) with data.regent.tenants as tenants
	}
	codes == {"network_not_permitted"} with input as samples.request with data.regent.tenants as tenants
}

test_deny_networks_of_another_form if {
	every networks in ["10.0.0.0/8", [], null, true, ["10.0.0.0/99", 7]] {
		codes == {"network_not_permitted"} with input as coming({"address": "10.1.2.3"})
			with data.regent.tenants as {"acme": {"networks": networks}}
	}
}
