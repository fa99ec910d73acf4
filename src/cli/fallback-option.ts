import { InvalidArgumentError } from "commander";
import type { EnvoyTarget } from "../local/envoy/options.ts";

const FALLBACK_PATTERN = /^([A-Za-z0-9._-]{1,128})=([A-Za-z0-9._,-]+)$/;

/**
 * Adds one `--fallback NAME=NAME,NAME` to the earlier ones.
 *
 * @throws InvalidArgumentError with a sentence
 */
export function addFallback(text: string, earlier?: ReadonlyMap<string, readonly string[]>) {
  const [, name, others] = FALLBACK_PATTERN.exec(text) ?? [];
  if (name === undefined || others === undefined) throw new InvalidArgumentError("Expected NAME=NAME,NAME.");
  if (earlier?.has(name)) throw new InvalidArgumentError(`${name} is given twice; write ${name}=NAME,NAME.`);
  return new Map([...(earlier ?? []), [name, others.split(",")]]);
}

/**
 * Joins `--target` and `--fallback`.
 *
 * @throws Error with a sentence when a target is given twice, or a fallback is from one that is not given
 */
export function withFallbacks(
  targets: readonly EnvoyTarget[],
  fallbacks: ReadonlyMap<string, readonly string[]>,
): readonly EnvoyTarget[] {
  const twice = targets.find(({ name }, at) => targets.findIndex((one) => one.name === name) < at);
  if (twice !== undefined) throw new Error(`there are two targets ${twice.name}`);
  for (const name of fallbacks.keys())
    if (!targets.some((one) => one.name === name))
      throw new Error(`there is no target ${name}: give it with --target`);
  return targets.map((one) => ({ ...one, fallbacks: fallbacks.get(one.name) ?? [] }));
}
