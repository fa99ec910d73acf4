import { BuiltinError } from "./builtin.ts";

/** A part of a pattern: a set of characters that may stand once, or (`*`, `+`) repeated. */
type Token = { readonly ranges: readonly (readonly [number, number])[]; readonly repeat: "" | "*" | "+" };

const ANY: Token["ranges"] = [[0, 0x10ffff]];

/**
 * Whether some text matches both patterns. A pattern has characters, `.`, `[a-z]`, and `*` or `+` behind each; a
 * backslash takes the next character as it is. Walks the product of both, so the time is that of their lengths
 * multiplied.
 */
export function globsIntersect(left: string, right: string): boolean {
  const a = parseGlob(left);
  const b = parseGlob(right);
  const width = b.length + 1;
  const seen = new Uint8Array((a.length + 1) * width);
  const stack: [number, number][] = [[0, 0]];
  const visit = (i: number, j: number): void => {
    if (seen[i * width + j] === 1) return;
    seen[i * width + j] = 1;
    stack.push([i, j]);
  };
  for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
    const [i, j] = state;
    if (i === a.length && j === b.length) return true;
    const x = a[i];
    const y = b[j];
    if (x?.repeat === "*") visit(i + 1, j);
    if (y?.repeat === "*") visit(i, j + 1);
    if (x === undefined || y === undefined || !overlap(x, y)) continue;
    for (const nextI of x.repeat === "" ? [i + 1] : [i, i + 1])
      for (const nextJ of y.repeat === "" ? [j + 1] : [j, j + 1]) visit(nextI, nextJ);
  }
  return false;
}

function overlap(a: Token, b: Token): boolean {
  return a.ranges.some(([from, to]) => b.ranges.some(([start, end]) => from <= end && start <= to));
}

function parseGlob(pattern: string): Token[] {
  const characters = [...pattern];
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; ) {
    const [ranges, next] = parseRanges(characters, at);
    const repeat = characters[next];
    const repeated = repeat === "*" || repeat === "+";
    tokens.push({ ranges, repeat: repeated ? repeat : "" });
    at = repeated ? next + 1 : next;
  }
  return tokens;
}

function parseRanges(characters: readonly string[], at: number): [Token["ranges"], number] {
  switch (characters[at]) {
    case ".":
      return [ANY, at + 1];
    case "[":
      return parseClass(characters, at + 1);
    case "*":
    case "+":
    case "]":
      throw new BuiltinError(`bad input: ${characters[at]} at ${at}`);
    default: {
      const [character, next] = literal(characters, at);
      return [[[character, character]], next];
    }
  }
}

function parseClass(characters: readonly string[], start: number): [Token["ranges"], number] {
  const ranges: [number, number][] = [];
  let at = start;
  while (characters[at] !== "]") {
    const [from, next] = literal(characters, at);
    if (characters[next] === "-" && characters[next + 1] !== "]") {
      const [to, after] = literal(characters, next + 1);
      if (to < from) throw new BuiltinError("bad input: a range runs backwards");
      ranges.push([from, to]);
      at = after;
    } else {
      ranges.push([from, from]);
      at = next;
    }
  }
  return [ranges, at + 1];
}

function literal(characters: readonly string[], at: number): [number, number] {
  const escaped = characters[at] === "\\";
  const character = characters[escaped ? at + 1 : at];
  if (character === undefined) throw new BuiltinError("bad input: the pattern ends too early");
  return [character.codePointAt(0) ?? 0, at + (escaped ? 2 : 1)];
}
