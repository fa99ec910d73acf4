import type { HostBuiltin } from "./builtin.ts";
import { numberOf } from "./decimal.ts";

export const timeBuiltins: readonly HostBuiltin[] = [
  { name: "time.now_ns", call: (_, context) => numberOf(context.nowNs()) },
];
