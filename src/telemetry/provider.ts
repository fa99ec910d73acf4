import type { Record } from "../exchange/record.ts";

/** `gen_ai.provider.name`; the conventions' word for one that has no name. */
export function providerOf(record: Record): string {
  return record.route?.provider ?? "_OTHER";
}
