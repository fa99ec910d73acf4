import { isJsonObject, type JsonObject, type JsonValue } from "../../exchange/json.ts";
import type { Reads } from "../../exchange/reads.ts";
import { BundleError } from "../bundle/error.ts";
import { type CacheClaim, parseClaim } from "./claim.ts";
import { parseReads } from "./reads.ts";

/** What `regent policy build` found out about the policy of a bundle, as the bundle's manifest carries it. */
export type PolicyFacts = {
  /** What each entrypoint may read. Of one that is not in it nothing is known: it reads everything. */
  readonly reads: ReadonlyMap<string, Reads>;
  /** What each rule may read, by `category/rule`. */
  readonly rules: ReadonlyMap<string, Reads>;
  /** The entrypoints whose decisions may be kept, and how long. */
  readonly cache: ReadonlyMap<string, CacheClaim>;
};

/** A bundle that something else built, such as `opa build`. */
export const NO_FACTS: PolicyFacts = { reads: new Map(), rules: new Map(), cache: new Map() };

/** The member of the manifest's `metadata` that is Regent's. */
export const METADATA_MEMBER = "regent";

const MEMBERS: ReadonlySet<string> = new Set(["reads", "rules", "wasm", "cache"]);

/**
 * Reads Regent's section of a manifest's `metadata`: `{"regent": {"wasm": SHA-256 of policy.wasm in hex, "reads":
 * {entrypoint: Reads}, "rules": {"category/rule": Reads}, "cache": {entrypoint: {"depends_on": [paths], "ttlMs": n}}}}`.
 * Without one nothing is known of the policy.
 *
 * @param metadata `metadata` of `.manifest`
 * @param wasmDigest SHA-256 of the module that the bundle holds, hex
 * @throws BundleError when the section speaks of another module, is of another form, or claims what its reads deny
 */
export function readManifestSection(metadata: JsonValue | undefined, wasmDigest: string): PolicyFacts {
  if (!isJsonObject(metadata) || !Object.hasOwn(metadata, METADATA_MEMBER)) return NO_FACTS;
  const place = `.manifest: metadata.${METADATA_MEMBER}`;
  const section = metadata[METADATA_MEMBER];
  if (!isJsonObject(section)) throw new BundleError(`${place} must be an object`);
  const unknown = Object.keys(section).find((member) => !MEMBERS.has(member));
  if (unknown !== undefined)
    throw new BundleError(`${place}.${unknown} is not known here: the bundle was built by another version`);
  if (section.wasm !== wasmDigest)
    throw new BundleError(
      `${place}.wasm is not the digest of the module in the bundle: build it again with regent policy build`,
    );
  const reads = mapOf(section, "reads", place, parseReads);
  return {
    reads,
    rules: mapOf(section, "rules", place, parseReads),
    cache: mapOf(section, "cache", place, (claim, at, entrypoint) =>
      parseClaim(claim, reads.get(entrypoint) ?? true, at),
    ),
  };
}

function mapOf<T>(
  section: JsonObject,
  member: string,
  place: string,
  parse: (value: JsonValue | undefined, place: string, key: string) => T,
): ReadonlyMap<string, T> {
  const value = Object.hasOwn(section, member) ? section[member] : {};
  if (!isJsonObject(value)) throw new BundleError(`${place}.${member} must be an object`);
  return new Map(
    Object.entries(value).map(([key, inner]) => [key, parse(inner, `${place}.${member}.${key}`, key)]),
  );
}
