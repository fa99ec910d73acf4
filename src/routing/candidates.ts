import type { Candidate, Model } from "../exchange/model.ts";

/**
 * Every version of a model on every target that serves it, in the order of the registry. A retired model has none,
 * whatever its entry still lists: it must not be reachable even where a policy forgot to refuse it.
 */
export function candidatesOf(model: Model): readonly Candidate[] {
  if (model.stage === "retired") return [];
  return model.versions.flatMap((version) => version.targets.map((target) => ({ model, version, target })));
}
