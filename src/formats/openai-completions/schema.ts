import { JSON_SCHEMA_KEYS, JSON_SCHEMA_TYPES } from "../json-schema.ts";
import { COMMON_KEYS, COMMON_WORDS, listed, requestSchema } from "../openai/schema.ts";

/** Names and values that belong to the completion schema itself. */
export const SCHEMA = requestSchema({
  governed: listed(
    "model prompt suffix stream stream_options include_usage n best_of max_tokens user prompt_embeds",
  ),
  words: { ...COMMON_WORDS, type: listed("text json_object json_schema").concat(JSON_SCHEMA_TYPES) },
  keys: [
    ...COMMON_KEYS,
    ...JSON_SCHEMA_KEYS,
    ...listed("echo response_format json_schema schema name strict"),
  ],
  ids: [],
});
