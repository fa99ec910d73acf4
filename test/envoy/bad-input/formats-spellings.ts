import { FORMATS } from "../../../src/formats/index.ts";

/** Every endpoint of every format, as its path with this model in it. */
export function pathsOf(model: string): string[] {
  const names: { readonly [name: string]: string } = {
    model,
    version: "1",
    label: "stable",
    publisher: "google",
    project: "p",
    location: "l",
  };
  return Object.values(FORMATS).flatMap(({ endpoints }) =>
    endpoints.map(({ path }) => path.replaceAll(/\{([a-z]+)\}/g, (_, name: string) => names[name] ?? name)),
  );
}

const hexOf = (char: string) => char.charCodeAt(0).toString(16).padStart(2, "0");
const escaped = (char: string) => `%${hexOf(char)}`;

/** Ways to spell a path that some server reads as the plain one. None of them is HTTP that Envoy would not take. */
export function* spellingsOf(path: string): Generator<string> {
  for (const end of [
    "/",
    "//",
    "/.",
    ".",
    "...",
    "%2e",
    "%20",
    "%00",
    "%0a",
    "%00.json",
    "%3fx",
    "%23",
    "%3b",
  ])
    yield path + end;
  yield* [`${path};x`, `${path};x=/y`, `${path}/x/..`, `//${path}`, `/x/..${path}`, `/%2e%2e${path}`];
  yield path.toUpperCase();
  const segments = path.split("/").slice(1);
  for (const [at, segment] of segments.entries()) {
    const first = segment[0] ?? "";
    for (const other of [
      `${segment};x`,
      `${segment}.`,
      `${segment}%20`,
      `${escaped(first)}${segment.slice(1)}`,
      `%25${hexOf(first)}${segment.slice(1)}`,
      `${first.toUpperCase()}${segment.slice(1)}`,
      `x/../${segment}`,
      `x/%2e%2e/${segment}`,
      `x%2f..%2f${segment}`,
      `.%2f${segment}`,
      `%5c${segment}`,
    ])
      yield `/${segments.with(at, other).join("/")}`;
  }
  const colon = path.lastIndexOf(":");
  if (colon < 0) return;
  const [model, verb] = [path.slice(0, colon), path.slice(colon + 1)];
  for (const sign of ["%3A", "%3a", "%253a", "%ef%bc%9a", "%c0%ba", "::", ":/", "/:", ":%20", "%20:", "%00:"])
    yield model + sign + verb;
  yield `${model}:${(verb[0] ?? "").toUpperCase()}${verb.slice(1)}`;
  yield `${model}:${escaped(verb[0] ?? "")}${verb.slice(1)}`;
}
