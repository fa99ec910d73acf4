package regent.lib_test.values

import data.regent.lib.values

test_allow_numbers_up_to_the_limit if {
	values.within(0, 0)
	values.within(1, 1.5)
}

test_deny_anything_else if {
	every pair in [[2, 1], ["1", 2], [1, "2"], [null, 2], [1, null], [false, 1], [1, [2]]] {
		_refused(pair)
	}
}

_refused(pair) if {
	[amount, limit] := pair
	not values.within(amount, limit)
}
