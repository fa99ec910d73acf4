export { aggregate, type FindingSummary, mergeSummaries } from "./aggregate.ts";
export { INSPECTION_TRUNCATED, inspect } from "./inspect.ts";
export { maskText } from "./mask.ts";
