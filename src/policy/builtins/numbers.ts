import { randomInt } from "node:crypto";
import { BuiltinError, type HostBuiltin } from "./builtin.ts";
import { numberOf } from "./decimal.ts";
import { bigIntegerAt, integerAt, stringAt } from "./operands.ts";
import type { RegoNumber } from "./value.ts";

/** Numbers that `numbers.range_step` lists at most: some 40 MB in the memory of the policy. */
export const RANGE_MAX = 500_000;

export const numberBuiltins: readonly HostBuiltin[] = [
  {
    name: "numbers.range_step",
    call: (args) => rangeStep(bigIntegerAt(args, 0), bigIntegerAt(args, 1), bigIntegerAt(args, 2)),
  },
  {
    name: "rand.intn",
    call: (args, context) => {
      const limit = Math.abs(integerAt(args, 1));
      if (limit === 0) return 0;
      return context.nondeterministic("rand.intn", [stringAt(args, 0), limit], () => randomBelow(limit));
    },
  },
];

/** From x to y, upwards or downwards, both inclusive. */
function rangeStep(x: bigint, y: bigint, step: bigint): RegoNumber[] {
  if (step <= 0n) throw new BuiltinError("numbers.range_step: step must be a positive integer");
  const distance = x <= y ? y - x : x - y;
  const count = distance / step + 1n;
  if (count > RANGE_MAX)
    throw new RangeError(`numbers.range_step: the range has more than ${RANGE_MAX} numbers`);
  const signed = x <= y ? step : -step;
  return Array.from({ length: Number(count) }, (_, index) => numberOf(x + signed * BigInt(index)));
}

/** Node's own bound on the range of randomInt. */
const RANDOM_RANGE_MAX = 2 ** 48 - 1;

function randomBelow(limit: number): number {
  return limit <= RANDOM_RANGE_MAX ? randomInt(limit) : Math.floor(Math.random() * limit);
}
