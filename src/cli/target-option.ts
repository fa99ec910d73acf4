import { InvalidArgumentError } from "commander";
import { REGENT_CLUSTER } from "../local/envoy/filters.ts";
import type { EnvoyTarget } from "../local/envoy/options.ts";
import { originOf } from "../local/envoy/origin.ts";

/** Targets become cluster names and header values, as in the registry. */
const TARGET_PATTERN = /^([A-Za-z0-9._-]{1,128})=(.+)$/;

/**
 * Adds one `--target NAME=URL` to the earlier ones.
 *
 * @throws InvalidArgumentError with a sentence
 */
export function addTarget(text: string, earlier: readonly EnvoyTarget[] | undefined): EnvoyTarget[] {
  const [, name, origin] = TARGET_PATTERN.exec(text) ?? [];
  if (name === undefined || origin === undefined)
    throw new InvalidArgumentError("Expected NAME=URL, the name of letters, digits, `.`, `_` and `-`.");
  if (name === REGENT_CLUSTER) throw new InvalidArgumentError("That name is the cluster of Regent itself.");
  try {
    originOf(origin);
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
  return [...(earlier ?? []), { name, origin }];
}
