import { isArn } from "./arn.ts";
import type { Endpoint, EndpointMatch, Format } from "./format.ts";
import { plainName, plainPath } from "./paths.ts";

/** The endpoints of all dialects, by method and path. */
export type EndpointTable = {
  /** `other_method`: the path is governed, but not for this method. */
  find(method: string, pathname: string): Found | "other_method" | undefined;
  /** Whether a path in the form of `plainPath` is one of them, whatever the method. */
  hasPlain(plain: string): boolean;
};

type Found = { readonly kind: "inference"; readonly format: Format; readonly endpoint: EndpointMatch };

/**
 * Paths without names in braces are looked up; the others are tried in order, so of two that match a path the one of
 * the format that comes first counts.
 */
export function endpointTable(formats: readonly Format[]): EndpointTable {
  const fixed = new Map<string, Found>();
  const fixedPaths = new Set<string>();
  const plainPaths = new Set<string>();
  const templates: Template[] = [];
  for (const format of formats) {
    for (const endpoint of format.endpoints) {
      if (endpoint.path.includes("{")) {
        templates.push(templateOf(format, endpoint));
        continue;
      }
      fixed.set(`${endpoint.method} ${endpoint.path}`, foundAt(format, endpoint, {}));
      fixedPaths.add(endpoint.path);
      plainPaths.add(plainPath(endpoint.path));
    }
  }
  return {
    find(method, pathname) {
      const found = fixed.get(`${method} ${pathname}`);
      if (found !== undefined) return found;
      if (fixedPaths.has(pathname)) return "other_method";
      let other: "other_method" | undefined;
      for (const template of templates) {
        const names = namesIn(template, pathname);
        if (names === undefined) continue;
        if (template.endpoint.method === method) return foundAt(template.format, template.endpoint, names);
        other = "other_method";
      }
      return other;
    },
    hasPlain: (plain) =>
      plainPaths.has(plain) || templates.some(({ plainPattern }) => plainPattern.test(plain)),
  };
}

/** The endpoint of a path of a format, for bodies that come without a request line. */
export function endpointOf(format: Format, names: EndpointMatch["names"], stream?: boolean): EndpointMatch {
  const { endpoints } = format;
  const endpoint = endpoints.find((candidate) => candidate.stream === stream) ?? endpoints[0];
  if (endpoint === undefined) throw new TypeError(`${format.name} has no endpoint`);
  return matchOf(endpoint, names);
}

type Template = {
  readonly format: Format;
  readonly endpoint: Endpoint;
  readonly pattern: RegExp;
  readonly plainPattern: RegExp;
};

/** Only literal text and groups of any text with text between them: such a pattern takes time linear in the path. */
function templateOf(format: Format, endpoint: Endpoint): Template {
  return {
    format,
    endpoint,
    pattern: patternOf(endpoint.path, "[^/]+"),
    // Some servers undo an escape before they look for slashes.
    plainPattern: patternOf(plainPath(endpoint.path), endpoint.takesArns === true ? ".+" : "[^/]+"),
  };
}

function patternOf(path: string, name: string): RegExp {
  const source = path
    .split(/(\{[a-z]+\})/)
    .map((part) =>
      part.startsWith("{") ? `(?<${part.slice(1, -1)}>${name})` : part.replaceAll(/[^\w/-]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`);
}

/** The names in a path; undefined when it is not of the template, or a name could be read in more than one way. */
function namesIn({ pattern, endpoint }: Template, pathname: string): EndpointMatch["names"] | undefined {
  const groups = pattern.exec(pathname)?.groups;
  if (groups === undefined) return undefined;
  const names: { [name: string]: string } = {};
  for (const [name, escaped] of Object.entries(groups)) {
    const plain = plainName(escaped);
    if (plain === undefined) return undefined;
    if (plain.includes("/") && !(endpoint.takesArns === true && isArn(escaped))) return undefined;
    names[name] = plain;
  }
  return names;
}

function foundAt(format: Format, endpoint: Endpoint, names: EndpointMatch["names"]): Found {
  return { kind: "inference", format, endpoint: matchOf(endpoint, names) };
}

function matchOf(
  { operation, stream, framing, openRequests, path }: Endpoint,
  names: EndpointMatch["names"],
): EndpointMatch {
  const pathFor = (model: string) =>
    path.includes("{model}")
      ? path.replaceAll(/\{([a-z]+)\}/g, (_, name: string) =>
          encodeURIComponent(name === "model" ? model : (names[name] ?? "")),
        )
      : undefined;
  return { operation, stream, framing, openRequests, names, pathFor };
}
