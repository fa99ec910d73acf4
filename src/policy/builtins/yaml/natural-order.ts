const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

/** The order in which Go's yaml.v3 writes keys: numbers inside them count as numbers, letters come last. */
export function compareNaturally(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  let digits = false;
  for (let at = 0; at < left.length && at < right.length; at++) {
    const [x, y] = [left[at] as string, right[at] as string];
    if (x !== y) return differing(left, right, at, digits);
    digits = DIGIT.test(x);
  }
  return left.length - right.length;
}

function differing(left: readonly string[], right: readonly string[], at: number, digits: boolean): number {
  const [x, y] = [left[at] as string, right[at] as string];
  const [xLetter, yLetter] = [LETTER.test(x), LETTER.test(y)];
  const byCode = (x.codePointAt(0) ?? 0) - (y.codePointAt(0) ?? 0);
  if (xLetter && yLetter) return byCode;
  if (xLetter || yLetter) return (digits ? xLetter : yLetter) ? -1 : 1;
  const lead = x === "0" || y === "0" ? leadingDigit(left, at) : "";
  const [xNumber, yNumber] = [lead + numberAt(left, at), lead + numberAt(right, at)];
  const difference = BigInt(xNumber || "0") - BigInt(yNumber || "0");
  if (difference !== 0n) return difference < 0n ? -1 : 1;
  return xNumber.length - yNumber.length || byCode;
}

/** Zeros behind another digit are a part of its number. */
function leadingDigit(characters: readonly string[], at: number): string {
  for (let index = at - 1; index >= 0 && DIGIT.test(characters[index] ?? ""); index--)
    if (characters[index] !== "0") return "1";
  return "";
}

function numberAt(characters: readonly string[], at: number): string {
  let end = at;
  while (/^[0-9]$/.test(characters[end] ?? "")) end += 1;
  return characters.slice(at, end).join("");
}
