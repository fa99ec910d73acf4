# METADATA
# title: Check of the rules themselves
# description: |
#   What is wrong with rules whatever is asked: a package of another depth, a name that is no part of a rule. Regent asks
#   this when it activates a bundle, and refuses the bundle unless nothing is. It hands over the paths of all rules below
#   `data.regent.rules` as the compiled module names them: a name that has a value under a condition only is not in the
#   document, and would be silence where its author meant a denial.
# schemas:
#   - input: {type: object, properties: {rules: {type: array, items: {type: array, items: {type: string}}}}}
package regent.check

import data.regent.lib.contract

# METADATA
# entrypoint: true
faults contains $"{policy}: {_of_another_depth}" if {
	some policy, rule in _rules
	not is_object(rule)
}

faults contains $"{policy}: {fault}" if {
	some policy, rule in _rules
	is_object(rule)
	some name, _ in rule
	some fault in contract.name_faults(name)
}

faults contains $"{concat("/", path)}: {_of_another_depth}" if {
	some path in input.rules
	count(path) < 3
}

faults contains $"{category}/{rule}: {fault}" if {
	some [category, rule, name] in input.rules
	some fault in contract.name_faults(name)
}

_of_another_depth := "its package must be regent.rules.<category>.<rule>"

_rules[$"{category}/{name}"] := rule if {
	some category, rules in data.regent.rules
	some name, rule in rules
}
