/**
 * Settings that OpenAI's chat and responses share. A reader hands them on under these names, and this dialect writes them
 * down as they are.
 */
export const SHARED_SETTINGS: ReadonlySet<string> = new Set([
  "service_tier",
  "verbosity",
  "store",
  "prompt_cache_key",
  "prompt_cache_retention",
  "safety_identifier",
]);
