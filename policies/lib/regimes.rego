# METADATA
# title: Regimes
# description: |
#   The laws a tenant is held to: `regimes` of its entry in `data.regent.tenants`, a list of `gdpr`, `hipaa` and
#   `eu_ai_act`. In any other form than a list it means all of them.
package regent.lib.regimes

under(name) if name in _regimes

under(_) if {
	_ = _regimes
	not _listed
}

_regimes := data.regent.tenants[input.identity.tenant].regimes

_listed if is_array(_regimes)
