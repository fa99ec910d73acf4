import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import { ApiError } from "./reply.ts";

export type Step = string | number;

/** Steps of a path into the data document. Packages are a few deep, data some more. */
export const PATH_STEPS_MAX = 64;

/**
 * The steps of a path in a URL, as OPA reads it: empty parts count for nothing, each part is unescaped, whole numbers
 * are positions.
 * @throws ApiError 400
 */
export function parseDataPath(path: string): readonly Step[] {
  const parts = path.split("/").filter((part) => part !== "");
  if (parts.length > PATH_STEPS_MAX)
    throw new ApiError(400, "invalid_parameter", `invalid path: more than ${PATH_STEPS_MAX} parts`);
  return parts.map((part) => {
    const plain = unescaped(part);
    if (plain.includes('"'))
      throw new ApiError(400, "invalid_parameter", `invalid path: invalid ref term '${plain}'`);
    return /^(?:0|-?[1-9]\d{0,14})$/.test(plain) ? Number(plain) : plain;
  });
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    // What is no escape stands for itself, as in OPA.
    return part;
  }
}

/** `data.a.b[0]["c-d"]`, as OPA writes a reference in its messages. */
export function renderReference(path: readonly Step[]): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    return /^[A-Za-z_]\w*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
  });
  return `data${steps.join("")}`;
}

/** What can be asked of the policies that are active now. */
export type Askable = {
  /** Paths of entrypoints: of single rules, and of packages as a whole. */
  readonly entrypoints: readonly string[];
  /** Every package is one of the entrypoints: what none of them covers does not exist. */
  readonly complete: boolean;
  /** Base data at a path, without what policy makes of it; undefined: nothing is there. */
  data(path: readonly Step[]): JsonValue | undefined;
};

/** How the document at a path comes about: from base data, and from entrypoints at their places in it. */
export type Plan = {
  readonly base: JsonValue | undefined;
  /** `below` is where in the document its value goes; `inside` is where in its value the document is. */
  readonly parts: readonly {
    readonly entrypoint: string;
    readonly below: readonly Step[];
    readonly inside: readonly Step[];
  }[];
};

/**
 * Finds out what gives the document at a path: the nearest entrypoint at or above it, or all that lie below it.
 * @throws ApiError 501 when only an entrypoint that was not compiled could tell
 */
export function planOf(path: readonly Step[], { entrypoints, complete, data }: Askable): Plan {
  const wanted = path.map(String);
  const known = entrypoints.map((entrypoint) => ({ entrypoint, steps: entrypoint.split("/") }));
  const above = known
    .filter(({ steps }) => isPrefix(steps, wanted))
    .sort((a, b) => b.steps.length - a.steps.length)[0];
  if (above !== undefined) {
    const { entrypoint, steps } = above;
    return { base: undefined, parts: [{ entrypoint, below: [], inside: path.slice(steps.length) }] };
  }
  const base = data(path);
  const below = known.filter(({ steps }) => isPrefix(wanted, steps));
  if (!complete && (below.length > 0 || base === undefined))
    throw new ApiError(501, "not_implemented", notCompiled(path, entrypoints));
  // Of a package and one inside of it, the outer one has everything.
  const outermost = below.filter(
    ({ steps }) => !below.some((other) => other.steps !== steps && isPrefix(other.steps, steps)),
  );
  const parts = outermost.map(({ entrypoint, steps }) => ({
    entrypoint,
    below: steps.slice(path.length),
    inside: [],
  }));
  return { base, parts };
}

function notCompiled(path: readonly Step[], entrypoints: readonly string[]): string {
  return `${renderReference(path)} is no entrypoint of the compiled policies; there are: ${
    entrypoints.map((entrypoint) => `/v1/data/${entrypoint}`).join(", ") || "none"
  }. Build the bundle with --entrypoint ${path.join("/") || "PATH"}, or serve its Rego sources`;
}

function isPrefix(short: readonly string[], long: readonly string[]): boolean {
  return short.length <= long.length && short.every((step, index) => step === long[index]);
}

/** A document with a value put in at a place. What is no object on the way is replaced: policy goes before data. */
export function placed(document: JsonValue | undefined, at: readonly Step[], value: JsonValue): JsonValue {
  const [step, ...rest] = at;
  if (step === undefined) return value;
  const holder: JsonObject = isJsonObject(document) ? document : {};
  const member = Object.hasOwn(holder, step) ? holder[step] : undefined;
  return { ...holder, [step]: placed(member, rest, value) };
}

/** What stands at a path inside a value; undefined when nothing does. */
export function valueAt(value: JsonValue | undefined, path: readonly Step[]): JsonValue | undefined {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found)) found = typeof step === "number" ? found[step] : undefined;
    else if (isJsonObject(found)) found = Object.hasOwn(found, step) ? found[step] : undefined;
    else return undefined;
  }
  return found;
}
