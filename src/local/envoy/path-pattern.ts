/**
 * A regular expression for all paths that templates of `Endpoint.path` stand for. It has neither anchors nor groups that
 * capture, and nothing that RE2, in which Envoy matches, has not. `name`: what a name in braces stands for.
 */
export function pathPattern(templates: readonly string[], name = SOME_NAME): string {
  return patternOf(
    templates.map((template) => template.match(TOKEN) ?? []),
    name,
  );
}

/** One segment, or what the text around it leaves of one. */
const SOME_NAME = "[^/?]+";

/** A separator with the name or text behind it, so that templates share their beginnings. */
const TOKEN = /[/:]?(?:\{[a-z]+\}|[^/:{]+)/g;

/** What begins alike is written once, and so is what goes on alike: Gemini alone has dozens of paths. */
function patternOf(paths: readonly (readonly string[])[], name: string): string {
  const ways = new Map<string, string[][]>();
  for (const [token, ...rest] of paths)
    if (token !== undefined) ways.set(token, [...(ways.get(token) ?? []), rest]);
  if (ways.size === 0) return "";
  const tokens = new Map<string, string[]>();
  for (const [token, rests] of ways) {
    const rest = patternOf(rests, name);
    tokens.set(rest, [...(tokens.get(rest) ?? []), tokenPattern(token, name)]);
  }
  const pattern = oneOf([...tokens].map(([rest, alike]) => oneOf(alike) + rest));
  return paths.some((path) => path.length === 0) ? `(?:${pattern})?` : pattern;
}

function oneOf(patterns: readonly string[]): string {
  const [only = ""] = patterns;
  return patterns.length === 1 ? only : `(?:${patterns.join("|")})`;
}

function tokenPattern(token: string, name: string): string {
  return token.replace(/\{[a-z]+\}$|[^\w/:-]/g, (found) => (found.startsWith("{") ? name : `\\${found}`));
}
