import type { FinishKind } from "../finish.ts";

/** vLLM's words; it says `None` for as long as the answer goes on. */
const FINISH_KINDS: ReadonlyMap<string, FinishKind> = new Map([
  ["stop", "stop"],
  ["length", "length"],
]);

export const NOT_FINISHED = "None";

export function finishKind(reason: string): FinishKind {
  return FINISH_KINDS.get(reason) ?? "other";
}
