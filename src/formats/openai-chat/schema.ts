import type { Schema } from "../text.ts";

/**
 * Names and values that belong to the chat schema itself. They say nothing of the caller's, so they are no text. What
 * is not listed here is taken for text: a value too many in these lists could hide something, one too few costs nothing
 * but a little time.
 */

/** Members of a request that Regent acts on. Another spelling of one of them is refused. */
export const GOVERNED_MEMBERS: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "stream",
  "stream_options",
  "include_usage",
  "n",
  "best_of",
  "max_tokens",
  "max_completion_tokens",
  "tools",
  "functions",
  "user",
  "modalities",
  // Of a message.
  "role",
  "content",
  "tool_calls",
  "function_call",
]);

/** Members whose text is one of a few words, with these words. */
export const WORDS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["role", new Set(["system", "developer", "user", "assistant", "tool", "function"])],
  ["reasoning_effort", new Set(["none", "minimal", "low", "medium", "high", "xhigh"])],
  ["verbosity", new Set(["low", "medium", "high"])],
  ["service_tier", new Set(["auto", "default", "flex", "scale", "priority", "fast", "standard_only"])],
  ["prompt_cache_retention", new Set(["in_memory", "in-memory", "24h"])],
  ["tool_choice", new Set(["none", "auto", "required", "any"])],
  ["function_call", new Set(["none", "auto"])],
  ["modalities", new Set(["text", "audio", "image"])],
  ["search_context_size", new Set(["low", "medium", "high"])],
  ["syntax", new Set(["lark", "regex"])],
  ["mode", new Set(["auto", "required", "implicit", "explicit", "score", "block"])],
  [
    "type",
    new Set([
      // Content parts, tools, tool choices, response formats, predictions, locations.
      "text",
      "refusal",
      "thinking",
      "function",
      "custom",
      "allowed_tools",
      "grammar",
      "json_object",
      "json_schema",
      "content",
      "approximate",
      // JSON Schema.
      "object",
      "array",
      "string",
      "number",
      "integer",
      "boolean",
      "null",
    ]),
  ],
]);

/** Keys of the schema and of JSON Schema (2020-12 and what is left of draft 7): they are no text. */
export const PLAIN_KEYS: ReadonlySet<string> = new Set([
  ...GOVERNED_MEMBERS,
  ...WORDS.keys(),
  ..."frequency_penalty presence_penalty logit_bias logprobs top_logprobs temperature top_p top_k seed stop store".split(
    " ",
  ),
  ..."metadata moderation prediction response_format parallel_tool_calls audio web_search_options".split(" "),
  ..."prompt_cache_key prompt_cache_options prompt_cache_breakpoint safety_identifier user_location".split(
    " ",
  ),
  ..."city country region timezone format voice id name text refusal function custom arguments input".split(
    " ",
  ),
  ..."tool_call_id index prefix strict parameters description json_schema schema definition grammar".split(
    " ",
  ),
  ..."policy output ttl reasoning reasoning_content thinking allowed_tools".split(" "),
  ..."$schema $id $ref $defs $anchor $comment $dynamicRef $dynamicAnchor $vocabulary definitions".split(" "),
  ..."allOf anyOf oneOf not if then else dependentSchemas prefixItems items contains properties".split(" "),
  ..."patternProperties additionalProperties propertyNames unevaluatedItems unevaluatedProperties".split(" "),
  ..."const enum multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern".split(
    " ",
  ),
  ..."maxItems minItems uniqueItems maxContains minContains maxProperties minProperties required".split(" "),
  ..."dependentRequired title default deprecated readOnly writeOnly examples".split(" "),
  ..."contentEncoding contentMediaType contentSchema additionalItems dependencies nullable".split(" "),
]);

/** What a content part holds, by its type. What is not here and no text is reported as unknown. */
export const PART_MODALITIES: ReadonlyMap<string, string> = new Map([
  ["image_url", "image"],
  ["image", "image"],
  ["input_image", "image"],
  ["input_audio", "audio"],
  ["audio_url", "audio"],
  ["video_url", "video"],
  ["file", "file"],
  ["document_url", "file"],
]);

/** Whether a member's text is one of the few that the schema has for it. */
export function isWord(key: string, value: unknown): value is string {
  return typeof value === "string" && WORDS.get(key)?.has(value) === true;
}

/** What is no text in a request. */
export const SCHEMA: Schema = {
  isPlainKey: (key) => PLAIN_KEYS.has(key),
  isWord,
  isId: (key) => key === "id" || key === "tool_call_id",
};
