/** URIs longer than this are no SPIFFE ids (SPIFFE-ID, section 2.3). */
export const PRINCIPAL_LENGTH_MAX = 2048;

const CAPTURES = ["tenant", "subject", "team", "project"] as const;
type Capture = (typeof CAPTURES)[number];

/** A rule of the configuration: principals that match a pattern, and what they may be. */
export type SpiffeRule = {
  /**
   * `spiffe://cluster.local/ns/{tenant}/sa/{subject}`. A name in braces stands for one whole path segment; everything
   * else is compared letter by letter.
   */
  readonly match: string;
  readonly roles: readonly string[];
};

/** What a principal says about its bearer. */
export type SpiffeMatch = { readonly [name in Capture]?: string } & { readonly roles: readonly string[] };

/** Finds the first rule that matches; undefined when none does. */
export type SpiffeMatcher = (principal: string) => SpiffeMatch | undefined;

type Segment = { readonly literal: string } | { readonly capture: Capture };

/**
 * Compiles the rules once.
 *
 * @throws Error that names the pattern when one cannot be used
 */
export function createSpiffeMatcher(rules: readonly SpiffeRule[]): SpiffeMatcher {
  const compiled = rules.map(({ match, roles }) => ({ segments: parsePattern(match), roles }));
  return (principal) => {
    const segments = principal.split("/");
    for (const { segments: pattern, roles } of compiled) {
      const captured = matchSegments(pattern, segments);
      if (captured !== undefined) return { ...captured, roles };
    }
    return undefined;
  };
}

function parsePattern(pattern: string): readonly Segment[] {
  const refuse = (why: string): never => {
    throw new Error(`the SPIFFE pattern "${pattern}" ${why}`);
  };
  if (!/^spiffe:\/\/[a-z0-9._-]+\//.test(pattern)) refuse("does not begin with spiffe://TRUST-DOMAIN/");
  const segments = pattern.split("/").map((text, index): Segment => {
    const name = /^\{(.*)\}$/.exec(text)?.[1];
    if (name === undefined) {
      if (/[{}*]/.test(text)) refuse("has a brace or a star inside a segment; a name takes a whole segment");
      if (text === "" && index !== 1) refuse("has an empty segment");
      return { literal: text };
    }
    const capture = CAPTURES.find((known) => known === name);
    return capture === undefined ? refuse(`has {${name}}; known are ${CAPTURES.join(", ")}`) : { capture };
  });
  const names = segments.flatMap((segment) => ("capture" in segment ? [segment.capture] : []));
  if (new Set(names).size < names.length) refuse("has one name twice");
  return segments;
}

function matchSegments(
  pattern: readonly Segment[],
  segments: readonly string[],
): { [name in Capture]?: string } | undefined {
  if (pattern.length !== segments.length) return undefined;
  const captured: { [name in Capture]?: string } = {};
  for (const [index, part] of pattern.entries()) {
    const segment = segments[index] ?? "";
    if ("literal" in part) {
      if (part.literal !== segment) return undefined;
    } else {
      if (!isPathSegment(segment)) return undefined;
      captured[part.capture] = segment;
    }
  }
  return captured;
}

/** The path segments that SPIFFE allows (SPIFFE-ID, section 2.2): nothing encoded, no dot segments. */
function isPathSegment(text: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(text) && text !== "." && text !== "..";
}
