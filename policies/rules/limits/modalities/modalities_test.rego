package regent.rules_test.limits.modalities

import data.regent.rules.limits.modalities
import data.regent.samples_test as samples

sending(names) := object.union(samples.request, {"inference": {"modalities": names}})

refused(name) := {
	"code": "modality_not_permitted",
	"kind": "permission",
	"message": $"The modality \"{name}\" may not be sent.",
}

test_allow_anything_where_nothing_is_listed if {
	modalities.deny == set() with input as sending(["text", "image"]) with data.regent.tenants as samples.tenants
}

test_allow_what_is_listed if {
	modalities.deny == set() with input as sending(["text"]) with data.regent.config.limits.modalities as ["text"]
	modalities.deny == set() with input as sending(["text", "image"])
		with data.regent.tenants as {"acme": {"modalities": ["text", "image"]}}
	modalities.deny == set() with input as object.union(sending(["image"]), {"phase": "response"})
		with data.regent.config.limits.modalities as ["text"]
}

test_deny_what_is_not_listed if {
	modalities.deny == {refused("image")} with input as sending(["text", "image"])
		with data.regent.config.limits.modalities as ["text"]
	modalities.deny == {refused("audio")} with input as sending(["audio"])
		with data.regent.tenants as {"acme": {"modalities": ["text"]}}
}

# Both lists hold.
test_deny_what_is_in_one_list_only if {
	modalities.deny == {refused("image")} with input as sending(["text", "image"])
		with data.regent.tenants as {"acme": {"modalities": ["text", "image"]}}
		with data.regent.config.limits.modalities as ["text"]
}

test_deny_lists_of_another_form if {
	every list in ["text", true, null, {}] {
		modalities.deny == {refused("text")} with input as sending(["text"]) with data.regent.config.limits.modalities as list
	}
}
