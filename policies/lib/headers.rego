# METADATA
# title: Headers
# description: What a client names in a header, as a set of words, several of them with commas.
package regent.lib.headers

words(name) := {word |
	some value in input.request.headers[name]
	some part in split(value, ",")
	word := lower(trim_space(part))
	word != ""
}
