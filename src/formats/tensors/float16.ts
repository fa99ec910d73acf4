/** The two floats of 16 bits, of which JavaScript's arrays have none everywhere. Every value of both is one of 32 bits. */

const BITS = new Uint32Array(1);
const FLOAT = new Float32Array(BITS.buffer);

/** The value of an IEEE 754 binary16. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The nearest binary16, ties to even; beyond its range infinity. */
export function toHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  // Halfway between the greatest value, 65504, and what would be the next.
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(exponentOf(size), -14);
  const steps = roundToEven(size * 2 ** (10 - exponent));
  // Of a normal value the leading bit is in the steps, and a carry moves on to the exponent by itself.
  return sign | ((exponent + 14) * 1024 + steps);
}

/** The value of a bfloat16: the upper half of a binary32. */
export function fromBfloat(bits: number): number {
  BITS[0] = bits << 16;
  return FLOAT[0] as number;
}

/** The nearest bfloat16, ties to even; beyond its range infinity. */
export function toBfloat(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  FLOAT[0] = value;
  const bits = BITS[0] as number;
  const upper = bits >>> 16;
  const lower = bits & 0xffff;
  return lower > 0x8000 || (lower === 0x8000 && (upper & 1) === 1) ? upper + 1 : upper;
}

/** Of the power of two at or below a value. */
function exponentOf(size: number): number {
  if (size < 2 ** -14) return -14;
  let exponent = Math.floor(Math.log2(size));
  if (2 ** exponent > size) exponent--;
  else if (2 ** (exponent + 1) <= size) exponent++;
  return exponent;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
