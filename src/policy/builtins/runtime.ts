import type { BuiltinContext, HostBuiltin } from "./builtin.ts";
import { arrayAt, stringAt } from "./operands.ts";
import { printTerm } from "./print.ts";
import { RegoSet, type RegoValue } from "./value.ts";

export const runtimeBuiltins: readonly HostBuiltin[] = [
  // Nothing of the process is shown to policies of its own accord: its environment holds secrets. Whoever starts the
  // engine may say what is, and that is found among the values that are known already.
  {
    name: "opa.runtime",
    call: (_args, context) => context.nondeterministic("opa.runtime", [], () => new Map()),
  },
  {
    name: "trace",
    call: (args, context) => {
      context.print(stringAt(args, 0));
      return true;
    },
  },
  { name: "internal.print", call: (args, context) => print(arrayAt(args, 0), context) },
];

/** Each operand is a set of the values it may have, empty when it is undefined: one line for each combination. */
function print(operands: readonly RegoValue[], context: BuiltinContext): undefined {
  let lines = [""];
  for (const [index, operand] of operands.entries()) {
    const values = operand instanceof RegoSet ? operand.items.map(shown) : [shown(operand)];
    const texts = values.length === 0 ? ["<undefined>"] : values;
    lines = lines
      .flatMap((line) => texts.map((text) => (index === 0 ? text : `${line} ${text}`)))
      .slice(0, LINES_MAX);
  }
  for (const line of lines) context.print(line);
  return undefined;
}

/** Lines of one print: sets of values multiply. */
const LINES_MAX = 100;

function shown(value: RegoValue): string {
  return typeof value === "string" ? value : printTerm(value);
}
