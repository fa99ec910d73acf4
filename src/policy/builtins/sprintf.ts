import type { HostBuiltin } from "./builtin.ts";
import { type Operand, sprintfGo } from "./go/format.ts";
import { arrayAt, stringAt } from "./operands.ts";
import { printTerm } from "./print.ts";
import { isNumber, numberText, type RegoNumber, type RegoValue } from "./value.ts";

export const sprintfBuiltins: readonly HostBuiltin[] = [
  {
    name: "sprintf",
    call: (args) => sprintfGo(stringAt(args, 0), arrayAt(args, 1).map(operandOf)),
  },
];

/** What Go's fmt sees of a Rego value: numbers and strings as such, everything else printed. */
function operandOf(value: RegoValue): Operand {
  if (typeof value === "string") return { type: "string", value };
  if (value !== null && isNumber(value)) return numberOperand(value);
  return { type: "string", value: printTerm(value) };
}

const INT64_MAX = 2n ** 63n - 1n;

function numberOperand(number: RegoNumber): Operand {
  const text = numberText(number);
  if (/[.eE]/.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? { type: "float64", value } : { type: "string", value: text };
  }
  const value = BigInt(text);
  return { type: value > INT64_MAX || value < -INT64_MAX - 1n ? "*big.Int" : "int64", value };
}
