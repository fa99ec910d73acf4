/** Whether a path matches a pattern of Go's `filepath.Match`: `*` and `?` stop at `/`, `[a-z]`, `\` escapes. */
export function matchesGoGlob(pattern: string, path: string): boolean {
  const source = pattern.replace(TOKEN, (token, escaped: string | undefined, set: string | undefined) => {
    if (escaped !== undefined) return literal(escaped);
    if (set !== undefined) return `(?![/])[${set.replaceAll("[", "\\[")}]`;
    if (token === "*") return "[^/]*";
    return token === "?" ? "[^/]" : literal(token);
  });
  return new RegExp(`^${source}$`, "su").test(path);
}

const TOKEN = /\\(.)|\[((?:\^?)(?:\\.|[^\]\\])+)\]|./gsu;

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
}
