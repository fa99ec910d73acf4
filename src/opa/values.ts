/** Whether a text says anything: an empty one is OPA's way to say nothing. */
export function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

/** A path without slashes around it. No expression does it: one of slashes would be searched again from each of them. */
export function trimSlashes(path: string): string {
  let start = 0;
  let end = path.length;
  while (path[start] === "/") start++;
  while (end > start && path[end - 1] === "/") end--;
  return path.slice(start, end);
}
