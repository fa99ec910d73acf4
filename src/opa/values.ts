/** Whether a text says anything: an empty one is OPA's way to say nothing. */
export function isGiven(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

/** A path without slashes around it. */
export function trimSlashes(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}
