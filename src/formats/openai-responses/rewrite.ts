import type { JsonEdit } from "../../wire/json/index.ts";

/** A stream of a response reports its usage without being asked. */
export function askForUsage(): readonly JsonEdit[] {
  return [];
}
