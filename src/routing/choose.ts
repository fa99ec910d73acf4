import { hash } from "node:crypto";
import type { Candidate, Model, ModelVersion } from "../exchange/model.ts";
import { candidatesOf, type Serves } from "./candidates.ts";

/**
 * Where a request goes, best first; empty when nothing that policy permits serves it.
 *
 * First the targets are cut down to those that can serve the request and that policy permits, then a version is drawn by
 * weight among those that still have one, then its targets are put into policy's order of preference. A version of
 * weight 0 is never drawn. All that is given is of one version, so that a second attempt asks the same model.
 *
 * @param permittedTargets names in order of preference; undefined: policy did not say, and the registry's order counts
 * @param subjectKey who the choice is stable for
 */
export function choose(
  model: Model,
  permittedTargets: readonly string[] | undefined,
  subjectKey: string,
  serves: Serves,
): readonly Candidate[] {
  const rank = permittedTargets && new Map(permittedTargets.toReversed().map((name, index) => [name, index]));
  const permitted = candidatesOf(model, serves).filter(
    ({ version, target }) => version.weight > 0 && (rank === undefined || rank.has(target.name)),
  );
  const versions = [...new Set(permitted.map(({ version }) => version))];
  const version = drawVersion(model.name, versions, subjectKey);
  const candidates = permitted.filter((candidate) => candidate.version === version);
  if (rank === undefined) return candidates;
  return candidates.toSorted((a, b) => (rank.get(b.target.name) ?? 0) - (rank.get(a.target.name) ?? 0));
}

/**
 * Weighted rendezvous hashing (Schindelhauer and Schomaker, "Weighted distributed hash tables", 2005): every version
 * draws a number of its own for the subject, and the best one wins. So a subject keeps its version while the weights
 * stay; a weight that grows only brings subjects to its version; a version that goes only moves its own subjects.
 */
function drawVersion(
  modelName: string,
  versions: readonly ModelVersion[],
  subjectKey: string,
): ModelVersion | undefined {
  let best: ModelVersion | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const version of versions) {
    const score = Math.log(uniform([modelName, version.name, subjectKey])) / version.weight;
    if (score > bestScore) [best, bestScore] = [version, score];
  }
  return best;
}

/**
 * A number in (0, 1) that depends on the parts alone: the first 52 bits of a SHA-256. A subject comes from a request
 * body, so the hash must not be one that its sender can steer. Written as JSON, different parts are different texts.
 */
function uniform(parts: readonly string[]): number {
  const bits = Number.parseInt(hash("sha256", JSON.stringify(parts), "hex").slice(0, 13), 16);
  return (bits + 0.5) / 2 ** 52;
}
