import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { setOf } from "./compare.ts";
import { booleanAt, collectionAt, objectAt, stringAt } from "./operands.ts";

/** The deprecated casts: the value itself when it is of the type, else a builtin error. */
export const castBuiltins: readonly HostBuiltin[] = [
  { name: "cast_array", call: (args) => [...collectionAt(args, 0)] },
  { name: "cast_set", call: (args) => setOf(collectionAt(args, 0)) },
  { name: "cast_string", call: (args) => stringAt(args, 0) },
  { name: "cast_boolean", call: (args) => booleanAt(args, 0) },
  { name: "cast_object", call: (args) => objectAt(args, 0) },
  {
    name: "cast_null",
    call: ([value]) => {
      if (value !== null) throw new BuiltinError("operand 1 must be null");
      return null;
    },
  },
];
