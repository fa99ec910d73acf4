import { createHash } from "node:crypto";
import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { Reads } from "../../exchange/reads.ts";
import type { CacheClaim } from "../reads/claim.ts";
import { readsOfUnits } from "../reads/flow.ts";
import type { Found } from "../reads/found.ts";
import { METADATA_MEMBER } from "../reads/manifest.ts";
import { type Plan, parsePlan } from "../reads/plan.ts";
import { fileOf, withFile } from "./archive.ts";
import { assertClaim, readClaim } from "./claims.ts";
import { OpaError } from "./opa.ts";

/** The files of OPA's archives that are read here. */
const MANIFEST = ".manifest";
const MODULE = "policy.wasm";
const PLAN = "plan.json";

/**
 * A bundle of OPA's with what Regent finds out about its policy in the manifest, under `metadata.regent`.
 * @param bundle archive of `opa build -t wasm`
 * @param plan archive of `opa build -t plan`, of the same sources
 * @param nondeterministic builtins with another answer each time
 * @param roots paths of data and packages that the bundle owns; empty: everything, as OPA writes it
 * @throws OpaError when the plan is none, or an entrypoint claims what its policy does not keep
 */
export function withFacts(
  bundle: Buffer,
  plan: Buffer,
  nondeterministic: ReadonlySet<string>,
  roots: readonly string[] = [],
): Buffer {
  const manifest = parseObject(fileOf(bundle, MANIFEST), MANIFEST);
  const metadata = isJsonObject(manifest.metadata) ? manifest.metadata : {};
  const section = {
    wasm: createHash("sha256").update(fileOf(bundle, MODULE)).digest("hex"),
    ...findFacts(readPlan(plan), manifest.wasm, nondeterministic),
  };
  const content = {
    ...manifest,
    ...(roots.length === 0 ? {} : { roots }),
    metadata: { ...metadata, [METADATA_MEMBER]: section },
  };
  return withFile(bundle, MANIFEST, Buffer.from(`${JSON.stringify(content)}\n`));
}

function readPlan(archive: Buffer): Plan {
  try {
    return parsePlan(parseObject(fileOf(archive, PLAN), PLAN));
  } catch (error) {
    if (error instanceof OpaError) throw error;
    throw new OpaError(`OPA's plan of the policy cannot be read: ${String(error)}`, { cause: error });
  }
}

function parseObject(content: Buffer, name: string): JsonObject {
  const parsed = JSON.parse(content.toString("utf8")) as JsonValue;
  if (!isJsonObject(parsed)) throw new OpaError(`OPA wrote a ${name} that is no JSON object`);
  return parsed;
}

function findFacts(
  plan: Plan,
  resolvers: JsonValue | undefined,
  nondeterministic: ReadonlySet<string>,
): JsonObject {
  const reads: { [entrypoint: string]: Reads } = Object.create(null);
  const cache: { [entrypoint: string]: JsonObject } = Object.create(null);
  for (const resolver of Array.isArray(resolvers) ? (resolvers as JsonValue[]) : []) {
    if (!isJsonObject(resolver) || typeof resolver.entrypoint !== "string") continue;
    const { entrypoint, annotations } = resolver;
    const found = readsOfEntrypoint(plan, entrypoint);
    reads[entrypoint] = found.reads;
    const claim = readClaim(entrypoint, annotations);
    if (claim === undefined) continue;
    assertClaim(entrypoint, claim, found, nondeterministic);
    cache[entrypoint] = claimJson(claim);
  }
  return { reads, rules: readsOfRules(plan), cache };
}

/** @throws OpaError when OPA planned no such entrypoint: then the two archives are not of one policy */
function readsOfEntrypoint(plan: Plan, entrypoint: string): Found {
  const unit = plan.plans.get(entrypoint);
  if (unit === undefined) throw new OpaError(`OPA's plan of the policy has no entrypoint ${entrypoint}`);
  return readsOfUnits(plan, [unit]);
}

/** A rule is passed the input and the data, and nothing else. */
const RULE_PARAMETERS = 2;

/** What each package `regent.rules.<category>.<rule>` reads, by `category/rule`. */
function readsOfRules(plan: Plan): JsonObject {
  // Functions read what the rules that call them pass.
  const all = [...plan.functions.values()].filter(({ parameters }) => parameters.length === RULE_PARAMETERS);
  const functions = Map.groupBy(all, ({ path }) => ruleOf(path));
  functions.delete(undefined);
  const rules = [...functions].map(([rule, units]) => [rule, readsOfUnits(plan, units).reads] as const);
  return Object.fromEntries(rules.sort(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1)));
}

/** `category/rule` of a function's path, which begins with the generation that OPA planned it in. */
function ruleOf([, regent, rules, category, rule]: readonly string[]): string | undefined {
  return regent === "regent" && rules === "rules" && category !== undefined && rule !== undefined
    ? `${category}/${rule}`
    : undefined;
}

function claimJson({ dependsOn, ttlMs }: CacheClaim): JsonObject {
  return { depends_on: dependsOn, ttlMs };
}
