import type { JsonEdit } from "../../wire/json/index.ts";

export { replaceText, rewriteModel } from "../openai/rewrite.ts";

/** A stream of messages reports its usage by itself. */
export function askForUsage(): readonly JsonEdit[] {
  return [];
}
