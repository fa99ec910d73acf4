import type { FaultPath } from "../../document/fault.ts";
import type { Secret } from "../../document/secret.ts";

/** The secret that stands at a place of the document. Reading it is done before; that it is there is an invariant. */
export type SecretAt = (path: FaultPath) => Secret;

/** One key for a place, also where a name holds dots. */
export function placeOf(path: FaultPath): string {
  return JSON.stringify(path);
}
