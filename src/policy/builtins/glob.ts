import type { HostBuiltin } from "./builtin.ts";
import { stringAt } from "./operands.ts";

export const globBuiltins: readonly HostBuiltin[] = [
  { name: "glob.quote_meta", call: (args) => stringAt(args, 0).replace(/[*?\\[\]{}]/g, "\\$&") },
];
