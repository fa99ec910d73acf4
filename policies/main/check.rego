# METADATA
# title: Check of the rules themselves
# description: |
#   What is wrong with rules whatever is asked: a package of another depth, a name that is no part of a rule. Regent asks
#   this when it activates a bundle, and refuses the bundle unless nothing is.
package regent.check

import data.regent.lib.contract

# METADATA
# entrypoint: true
faults contains $"{policy}: its package must be regent.rules.<category>.<rule>" if {
	some policy, rule in _rules
	not is_object(rule)
}

faults contains $"{policy}: {fault}" if {
	some policy, rule in _rules
	is_object(rule)
	some name, _ in rule
	some fault in contract.name_faults(name)
}

_rules[$"{category}/{name}"] := rule if {
	some category, rules in data.regent.rules
	some name, rule in rules
}
