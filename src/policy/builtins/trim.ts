/**
 * A text without the characters at its end that are among these. In linear time: the regular expression `x+$` looks
 * at a run of x that is not at the end once for each of its characters.
 */
export function trimEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] ?? "")) end -= 1;
  return text.slice(0, end);
}

export function trimStart(text: string, characters: string): string {
  let start = 0;
  while (start < text.length && characters.includes(text[start] ?? "")) start += 1;
  return text.slice(start);
}
