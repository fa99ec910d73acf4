import type { Candidate, Model, Target } from "../exchange/model.ts";

/** Whether a target can serve a request at all: reads its dialect, or one that it can be translated to. */
export type Serves = (target: Target) => boolean;

/**
 * Every version of a model on every target that can serve the request, in the order of the registry. A retired model has
 * none, whatever its entry still lists: it must not be reachable even where a policy forgot to refuse it.
 */
export function candidatesOf(model: Model, serves: Serves): readonly Candidate[] {
  if (model.stage === "retired") return [];
  return model.versions.flatMap((version) =>
    version.targets.filter(serves).map((target) => ({ model, version, target })),
  );
}
