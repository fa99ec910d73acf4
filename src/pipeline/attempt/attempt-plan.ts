import { type HeaderField, headerValues } from "../../exchange/headers.ts";
import type { Target } from "../../exchange/model.ts";
import { BODY_HEADERS, CREDENTIAL_HEADERS, DIALECT_HEADERS, TARGET_HEADER } from "../../exchange/names.ts";
import type { Plan } from "../../exchange/plan.ts";
import type { TranslatedRequest } from "../../translation/index.ts";
import type { Attempts, Baseline } from "./attempts.ts";
import { ANTHROPIC_VERSION } from "./credentials.ts";

export type AttemptPlanFacts = {
  readonly attempts: Attempts;
  readonly baseline: Baseline;
  readonly target: Target;
  /** What the target gets in the place of what was let through. */
  readonly translated: TranslatedRequest | undefined;
  /** The path as it leaves, with its query. */
  readonly path: string;
  /** The body as it leaves; undefined: as it came. */
  readonly body: Buffer | undefined;
  readonly credentials: readonly HeaderField[];
};

/**
 * The changes to a request on its way to one target. Envoy keeps what an attempt changed for the next one, so everything
 * that earlier ones changed is put back first: a target never sees the key or the dialect of another.
 */
export function planAttempt(facts: AttemptPlanFacts): Plan {
  const { attempts, baseline, target, translated, path, body, credentials } = facts;
  const set = new Map<string, string>();
  const remove = new Set<string>();
  for (const name of attempts.changed) {
    const values = headerValues(baseline.headers, name);
    if (values.length === 0) remove.add(name);
    else set.set(name, values.join(", "));
  }
  const drop = [
    ...(translated === undefined ? [] : [...DIALECT_HEADERS, ...BODY_HEADERS]),
    ...(credentials.length === 0 ? [] : CREDENTIAL_HEADERS),
  ];
  for (const name of drop) {
    set.delete(name);
    remove.add(name);
  }
  for (const [name, value] of [
    ...dialectHeaders(facts),
    ...credentials,
    [TARGET_HEADER, target.name] as const,
  ]) {
    remove.delete(name);
    set.set(name, value);
  }
  const isAgain = attempts.made.length > 1;
  for (const name of [...set.keys(), ...remove]) attempts.changed.add(name);
  return {
    headers: { remove: [...remove], set: [...set] },
    // An attempt before may have left another one.
    ...(path !== baseline.path || isAgain ? { path } : {}),
    ...(body === undefined ? {} : { body }),
    clearRouteCache: false,
    metadata: {},
  };
}

function dialectHeaders({ baseline, target, translated }: AttemptPlanFacts): HeaderField[] {
  const fields: HeaderField[] = (translated?.headers ?? []).map(([name, value]) => [
    name.toLowerCase(),
    value,
  ]);
  if (translated !== undefined) fields.push(["content-type", translated.contentType]);
  const isSaid = (translated?.headers ?? [...baseline.headers.keys()].map((name) => [name] as const)).some(
    ([name]) => name.toLowerCase() === "anthropic-version",
  );
  if (target.format === "anthropic-messages" && !isSaid)
    fields.push(["anthropic-version", ANTHROPIC_VERSION]);
  return fields;
}
