import { isJsonObject, type JsonValue } from "../../exchange/json.ts";
import { type Reads, readsOf } from "../../exchange/reads.ts";
import { BundleError } from "../bundle/error.ts";

/** What a policy says of an entrypoint whose decisions may be kept. */
export type CacheClaim = {
  /** The parts of the input that a decision depends on, without `input` in front. */
  readonly dependsOn: readonly InputPath[];
  /** How long a decision holds, milliseconds. */
  readonly ttlMs: number;
};

export type InputPath = readonly string[];

/**
 * What changes from request to request, by both input documents: no decision that reads it is worth keeping, or right
 * when it is kept. Bodies, budgets, time, and what names the single request.
 */
export const NEVER_CACHED: readonly InputPath[] = [
  ["request", "body"],
  ["parsed_body"],
  ["attributes", "request", "http", "body"],
  ["attributes", "request", "http", "rawBody"],
  ["budgets"],
  ["request", "time"],
  ["attributes", "request", "time"],
  ["response", "latency_ms"],
  ["request", "id"],
  ["attributes", "request", "http", "id"],
];

/** The longest a decision may be kept, milliseconds: a day. Whoever wants more has data, and data belongs in a bundle. */
export const CLAIM_TTL_MS_MAX = 24 * 60 * 60 * 1000;

/**
 * A claim as a manifest has it, held against what the entrypoint reads.
 * @param place where it stands, for messages
 * @throws BundleError when it is of another form, or the policy reads more than it says or what is never kept
 */
export function parseClaim(value: JsonValue | undefined, reads: Reads, place: string): CacheClaim {
  if (!isJsonObject(value)) throw new BundleError(`${place} must be an object`);
  const { depends_on: paths, ttlMs, ...rest } = value;
  if (Object.keys(rest).length > 0)
    throw new BundleError(`${place}.${Object.keys(rest)[0]} is not known here`);
  if (typeof ttlMs !== "number" || !(ttlMs > 0 && ttlMs <= CLAIM_TTL_MS_MAX))
    throw new BundleError(`${place}.ttlMs must be a number of milliseconds, at most ${CLAIM_TTL_MS_MAX}`);
  if (!Array.isArray(paths)) throw new BundleError(`${place}.depends_on must be a list`);
  const claim = { dependsOn: paths.map((path) => parsePath(path as JsonValue, place)), ttlMs };
  const [fault] = claimFaults(claim.dependsOn, reads);
  if (fault !== undefined) throw new BundleError(`${place}: ${fault.message}`);
  return claim;
}

function parsePath(path: JsonValue, place: string): InputPath {
  if (Array.isArray(path) && path.length > 0 && path.every((part) => typeof part === "string")) return path;
  throw new BundleError(`${place}.depends_on must hold lists of member names`);
}

export type ClaimFault = { readonly path: InputPath; readonly message: string };

/** Why a decision with these reads must not be kept under this claim; empty when it may. */
export function claimFaults(dependsOn: readonly InputPath[], reads: Reads): readonly ClaimFault[] {
  return leavesOf(reads).flatMap((path) => {
    const never = NEVER_CACHED.find((forbidden) => isPrefix(forbidden, path) || isPrefix(path, forbidden));
    if (never !== undefined) {
      const message = `the policy reads ${pathText(path)}, and a decision on ${pathText(never)} is never kept`;
      return [{ path, message }];
    }
    if (dependsOn.some((claimed) => isPrefix(claimed, path))) return [];
    return [{ path, message: `the policy also reads ${pathText(path)}, which depends_on does not name` }];
  });
}

/** The paths of everything that is read and has nothing read below it. */
export function leavesOf(reads: Reads, path: InputPath = []): readonly InputPath[] {
  if (reads === true) return [path];
  const members = Object.keys(reads);
  if (members.length === 0) return path.length === 0 ? [] : [path];
  return members.flatMap((member) => leavesOf(readsOf(reads, member) ?? {}, [...path, member]));
}

/** `input.request.headers["x-a"]`, as Rego writes it. */
export function pathText(path: InputPath): string {
  return path.reduce(
    (text, part) => text + (/^[A-Za-z_]\w*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`),
    "input",
  );
}

function isPrefix(prefix: InputPath, path: InputPath): boolean {
  return prefix.every((part, index) => path[index] === part);
}
