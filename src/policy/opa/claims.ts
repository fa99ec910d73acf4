import { parseDurationMs } from "../../document/units.ts";
import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { type CacheClaim, CLAIM_TTL_MS_MAX, claimFaults, type InputPath } from "../reads/claim.ts";
import type { Found, Place } from "../reads/found.ts";
import { OpaError } from "./opa.ts";

/**
 * What the METADATA of an entrypoint's rule says of keeping its decisions:
 *
 *     # custom:
 *     #   regent:
 *     #     cache: { depends_on: [input.identity.tenant, 'input.request.headers["x-team"]'], ttl: 30s }
 *
 * @param annotations those that OPA's manifest has for the entrypoint
 * @returns undefined when they say nothing
 * @throws OpaError when it is of another form
 */
export function readClaim(entrypoint: string, annotations: JsonValue | undefined): CacheClaim | undefined {
  const stated = (Array.isArray(annotations) ? (annotations as JsonValue[]) : [])
    .map((annotation) => member(member(member(annotation, "custom"), "regent"), "cache"))
    .filter((cache) => cache !== undefined);
  const [cache, another] = stated;
  if (cache === undefined) return undefined;
  const place = `${entrypoint}: METADATA custom.regent.cache`;
  if (another !== undefined) throw new OpaError(`${place} is stated twice: keep one`);
  if (!isJsonObject(cache)) throw new OpaError(`${place} must be an object with depends_on and ttl`);
  const { depends_on: dependsOn, ttl, ...rest } = cache;
  const unknown = Object.keys(rest)[0];
  if (unknown !== undefined)
    throw new OpaError(`${place}.${unknown} is not known: it has depends_on and ttl`);
  if (!Array.isArray(dependsOn)) throw new OpaError(`${place}.depends_on must be a list of input paths`);
  return {
    dependsOn: (dependsOn as JsonValue[]).map((path) => parsePath(path, `${place}.depends_on`)),
    ttlMs: parseTtl(ttl, `${place}.ttl`),
  };
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

function parseTtl(ttl: JsonValue | undefined, place: string): number {
  const ttlMs = typeof ttl === "string" ? parseDurationMs(ttl) : undefined;
  if (ttlMs === undefined || ttlMs === 0 || ttlMs > CLAIM_TTL_MS_MAX)
    throw new OpaError(`${place} must be a duration such as 30s, more than 0 and at most 24h`);
  return ttlMs;
}

/** One step of a path as Rego writes it: `.name` or `["any text"]`. */
const STEP = /\.([A-Za-z_]\w*)|\[("(?:[^"\\]|\\.)*")\]/y;

/** `input.a.b["c d"]`, as Rego writes it. @throws OpaError */
function parsePath(text: JsonValue, place: string): InputPath {
  const fault = new OpaError(`${place}: ${JSON.stringify(text)} is no path such as input.identity.tenant`);
  if (typeof text !== "string" || !text.startsWith("input")) throw fault;
  const path: string[] = [];
  for (STEP.lastIndex = "input".length; STEP.lastIndex < text.length; ) {
    const [, name, quoted] = STEP.exec(text) ?? [];
    const step = name ?? (quoted === undefined ? undefined : (JSON.parse(quoted) as string));
    if (step === undefined) throw fault;
    path.push(step);
  }
  if (path.length === 0) throw fault;
  return path;
}

/**
 * Holds a claim against what the policy does. @throws OpaError that names everything the policy reads beyond it, or that
 * is never kept, with file and line.
 */
export function assertClaim(
  entrypoint: string,
  claim: CacheClaim,
  found: Found,
  nondeterministic: ReadonlySet<string>,
): void {
  const reads = claimFaults(claim.dependsOn, found.reads).map(
    ({ path, message }) => `${placeOf(path, found)}${message}`,
  );
  const calls = [...found.builtins]
    .filter(([name]) => nondeterministic.has(name))
    .map(([name, place]) => `${placeText(place)}the policy calls ${name}, which answers anew each time`);
  const faults = [...reads, ...calls];
  if (faults.length === 0) return;
  throw new OpaError(
    [`${entrypoint}: its decisions cannot be kept as METADATA custom.regent.cache says`, ...faults].join(
      "\n  ",
    ),
  );
}

function placeOf(path: InputPath, { paths }: Found): string {
  const key = JSON.stringify(path);
  const found = paths.find((candidate) => JSON.stringify(candidate.path) === key);
  return found === undefined ? "" : placeText(found.place);
}

function placeText({ file, row }: Place): string {
  return file === "" ? "" : `${file}:${row}: `;
}
