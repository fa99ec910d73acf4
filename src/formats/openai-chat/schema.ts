import { JSON_SCHEMA_KEYS, JSON_SCHEMA_TYPES } from "../json-schema.ts";
import { COMMON_KEYS, COMMON_WORDS, listed, requestSchema } from "../openai/schema.ts";

/** Names and values that belong to the chat schema itself. */
export const SCHEMA = requestSchema({
  governed: listed(
    `model messages stream stream_options include_usage n best_of max_tokens max_completion_tokens
    tools functions user modalities
    role content tool_calls function_call`,
  ),
  words: {
    ...COMMON_WORDS,
    role: listed("system developer user assistant tool function"),
    reasoning_effort: listed("none minimal low medium high xhigh"),
    verbosity: listed("low medium high"),
    tool_choice: listed("none auto required any"),
    function_call: listed("none auto"),
    modalities: listed("text audio image"),
    search_context_size: listed("low medium high"),
    syntax: listed("lark regex"),
    mode: listed("auto required implicit explicit score block"),
    // Content parts, tools, tool choices, response formats, predictions, locations.
    type: listed(
      "text refusal thinking function custom allowed_tools grammar json_object json_schema content approximate",
    ).concat(JSON_SCHEMA_TYPES),
  },
  keys: [
    ...COMMON_KEYS,
    ...JSON_SCHEMA_KEYS,
    ...listed(
      `moderation prediction response_format audio web_search_options user_location
      city country region timezone voice name text refusal function custom arguments input
      index prefix strict parameters json_schema schema definition grammar
      policy output ttl reasoning reasoning_content thinking allowed_tools
      image_url input_audio audio_url video_url document_url file url data file_data file_id filename`,
    ),
  ],
  ids: ["id", "tool_call_id"],
});
