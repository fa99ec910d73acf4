import { JSON_SCHEMA_KEYS, JSON_SCHEMA_TYPES } from "../json-schema.ts";
import { listed, requestSchema } from "../openai/schema.ts";

/**
 * Names and values of the Messages API (https://platform.claude.com/docs/en/api/messages), its beta features included: they
 * say nothing of the caller's, so they are no text.
 */

/** Blocks of a message, and what stands in their `content`. What is not here is reported as unknown. */
export const BLOCK_TYPES: ReadonlySet<unknown> = new Set(
  listed(
    `text image document search_result thinking redacted_thinking tool_use tool_result tool_reference container_upload
    server_tool_use mcp_tool_use mcp_tool_result compaction fallback
    web_search_tool_result web_search_result web_search_tool_result_error
    web_fetch_tool_result web_fetch_result web_fetch_tool_result_error
    code_execution_tool_result code_execution_result code_execution_output code_execution_tool_result_error
    encrypted_code_execution_result
    bash_code_execution_tool_result bash_code_execution_result bash_code_execution_output
    bash_code_execution_tool_result_error
    text_editor_code_execution_tool_result text_editor_code_execution_view_result
    text_editor_code_execution_create_result text_editor_code_execution_str_replace_result
    text_editor_code_execution_tool_result_error
    tool_search_tool_result tool_search_tool_search_result tool_search_tool_result_error
    advisor_tool_result advisor_result advisor_redacted_result advisor_tool_result_error
    tool_addition tool_removal browser_state`,
  ),
);

/** Texts that only the provider can read: signatures, and what it wants to see again without showing it. */
export const SEALED_KEYS: ReadonlySet<string> = new Set([
  "signature",
  "encrypted_content",
  "encrypted_index",
  "encrypted_stdout",
]);

/** What is no text in a request. */
export const SCHEMA = requestSchema({
  governed: listed(
    `model messages system stream max_tokens tools mcp_servers metadata user_id fallbacks
    role content`,
  ),
  words: {
    role: ["user", "assistant", "system"],
    service_tier: ["auto", "standard_only"],
    speed: ["standard", "fast"],
    effort: ["low", "medium", "high", "xhigh", "max"],
    ttl: ["5m", "1h"],
    display: ["summarized", "omitted"],
    media_type: ["text/plain"],
    oversized_image: ["downsize", "error"],
    type: [
      ...(BLOCK_TYPES as ReadonlySet<string>),
      ...JSON_SCHEMA_TYPES,
      ...listed(
        `base64 url file content ephemeral enabled disabled adaptive between_tools auto any tool none custom direct
        json_schema approximate char_location page_location content_block_location search_result_location
        web_search_result_location code_execution_20250825 code_execution_20260120 web_search_20250305
        web_fetch_20250910 bash_20250124 text_editor_20250728 memory_20250818 tool_search_tool_bm25
        tool_search_tool_regex mcp_toolset clear_tool_uses_20250919 clear_thinking_20251015 compact_20260112
        input_tokens tool_uses thinking_turns all anthropic`,
      ),
    ],
  },
  keys: [
    ...JSON_SCHEMA_KEYS,
    ...SEALED_KEYS,
    ...listed(
      `temperature top_k top_p stop_sequences thinking budget_tokens tool_choice disable_parallel_tool_use container
      skills version context_management edits trigger value keep clear_at_least clear_tool_inputs exclude_tools
      output_config output_format format schema cache_control inference_geo diagnostics compaction
      name description input_schema input_examples strict defer_loading eager_input_streaming allowed_callers
      max_uses allowed_domains blocked_domains user_location city country region timezone citations
      max_content_tokens max_characters display_width_px display_height_px display_number configs default_config
      mcp_server_name url authorization_token tool_configuration allowed_tools
      text title context source data cited_text document_title document_index start_char_index end_char_index
      start_page_number end_page_number start_block_index end_block_index search_result_index
      input caller is_error toolset_name tool_name server_name tool_references tool
      stdout stderr return_code error_code error_message page_age retrieved_at file_type num_lines start_line
      total_lines is_file_update lines new_lines new_start old_lines old_start from to instructions transformations`,
    ),
  ],
  ids: listed("id tool_use_id file_id tool_id skill_id previous_message_id"),
});
