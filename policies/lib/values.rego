# METADATA
# title: Values
# description: |
#   Comparisons that hold only for what they are meant for. Rego orders values of different types, so that
#   `5 < "3"` is true: a limit that is written as text must not become a limit that never applies.
package regent.lib.values

within(amount, limit) if {
	is_number(amount)
	is_number(limit)
	amount <= limit
}

# What a client wrote, cut to what fits into a message.
shown(text) := $"\"{substring(text, 0, 64)}\""
